"""badgateway: which hop of a web site broke, why, and what each person does now."""

__version__ = "0.1.0"
