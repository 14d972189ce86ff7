"""The user study: people compare the films of several directors, two at a time."""
