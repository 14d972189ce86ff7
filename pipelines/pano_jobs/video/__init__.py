"""Jobs on 360° videos: pan, render, heat map, export, info, demo."""
