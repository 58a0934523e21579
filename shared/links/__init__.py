"""Files that stand elsewhere: on hosts that the operator has named."""
