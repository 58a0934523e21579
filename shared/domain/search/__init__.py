"""Search: how texts are compared by words, in every index and without one."""
