"""What web and app frontends need of newsletter beside subscribing and unsubscribing."""
