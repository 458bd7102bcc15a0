"""Who is calling, from an INVITE alone: number, class, place, presentation (docs/caller-facts.md)."""
