"""Text messages through Aliyun's Short Message Service."""
