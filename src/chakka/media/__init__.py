"""What is heard: G.711, RTP, speech clips, prompts, and the player process."""
