"""Make flat rows of records of the Affise API: one pure normaliser per endpoint and table, in plain Python.

A normaliser takes one record as it stands in bronze and what its page says of the request, and yields rows of names
and values. It decides shapes only: which of several forms means what, and what stands for nothing. Whether a value is
allowed is decided by the rules of the contracts, on the text that comes out here.
"""
