"""From fees and usage to an invoice: periods, rounding, tax, credit, series, documents. Pure."""
