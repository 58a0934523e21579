"""Which threads and users a resource has, and what became of each."""
