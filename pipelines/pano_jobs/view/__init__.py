"""The page that plays the sphere and the film in a browser, and says why."""
