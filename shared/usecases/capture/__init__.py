"""Events come in, and threads that fall quiet are found."""
