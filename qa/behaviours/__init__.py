"""Finding behaviours in calls: cards say what, a few kinds of detector say how."""

from qa.behaviours.cards import Card, Cards, load_cards
from qa.behaviours.classifier import TurnClassifier, load_classifier, load_shipped_classifier
from qa.behaviours.engine import Classifier, Judgement, detect, detect_all

__all__ = [
    "Card",
    "Cards",
    "Classifier",
    "Judgement",
    "TurnClassifier",
    "detect",
    "detect_all",
    "load_cards",
    "load_classifier",
    "load_shipped_classifier",
]
