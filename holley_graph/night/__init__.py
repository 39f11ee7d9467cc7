"""What nights have done: remembered step by step, and shown as a page."""
