"""Learning: the policy gradient of a model, its estimates beside the exact one, and the climb."""

from rlcalc.learning.ascent import Ascent, ascend
from rlcalc.learning.comparison import gradient
from rlcalc.learning.data import Data
from rlcalc.learning.question import Question
from rlcalc.learning.slope import Slope, slope

__all__ = ["Ascent", "Data", "Question", "Slope", "ascend", "gradient", "slope"]
