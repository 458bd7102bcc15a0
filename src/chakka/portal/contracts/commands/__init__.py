"""What `chakka contract` can do: one module for each group of actions, each with `add(subparsers)`."""
