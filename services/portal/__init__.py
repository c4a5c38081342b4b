"""The website of the platform. It stores nothing and reads everything from the public APIs."""
