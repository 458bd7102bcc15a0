"""The business world: a Django project with accounts, contracts and billing."""
