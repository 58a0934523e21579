"""Moving conversations to Teams: what is planned, sent, compared and completed."""
