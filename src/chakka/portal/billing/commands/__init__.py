"""What `chakka bill` can do: one module for each group of actions, each with `add(subparsers)`."""
