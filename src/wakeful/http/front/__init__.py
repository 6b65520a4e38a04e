"""The front: parked polls inside uvicorn, answered without the app."""
