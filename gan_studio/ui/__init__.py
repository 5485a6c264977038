"""The page: Gradio draws it and its controls; what is live has its own routes and canvases."""
