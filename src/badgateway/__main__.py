"""`python -m badgateway`."""

from badgateway.cli.main import run

if __name__ == "__main__":
    run()
