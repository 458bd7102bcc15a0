"""How a call is decided: compile a contract once, `decide` per call, `prove` before publishing. Pure."""
