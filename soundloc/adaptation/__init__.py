"""Fine-tuning and distillation of the pretrained trunks, before any head trains."""
