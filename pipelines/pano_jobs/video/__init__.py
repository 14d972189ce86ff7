"""Jobs on 360° videos: pan, render, heat map, batch, export, info, demo."""
