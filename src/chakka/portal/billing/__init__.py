"""The books: billing runs, issued invoices, adjustments, decisions."""
