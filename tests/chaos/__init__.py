"""Parts are killed under load; each test has a control that shows that it could fail."""
