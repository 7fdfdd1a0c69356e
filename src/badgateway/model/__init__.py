"""The words of the product: frozen data that every other part shares.

Law of this folder: no logic but what keeps the data consistent, no I/O but reading the
vocabulary that ships with the package.
"""
