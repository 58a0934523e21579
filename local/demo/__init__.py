"""`make demo`: the main job from chat message to archive, on real parts, unattended."""
