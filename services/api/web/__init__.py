"""The people's page: HTML made of the same answers as the API's JSON, for whoever is signed in with an access key."""
