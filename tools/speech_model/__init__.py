"""How the demo's own small speech model is made: texts, made speech, tokenizer, training, conversion, figures.

Run by `make train-speech`. Nothing in `qa` imports from here; PyTorch is needed only for the training.
"""
