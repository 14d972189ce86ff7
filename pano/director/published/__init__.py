"""Published directors to compare with: AutoCam, Kang & Cho, trivial ones."""
