"""Readers of models: documents, tables of transitions, npz, policies and logits."""
