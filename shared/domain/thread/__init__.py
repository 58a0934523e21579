"""A thread: log and listings become one transcript."""
