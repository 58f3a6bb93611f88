"""What functions and classes are made of: their source, the names that they use, and a version of all that.

A version is a hash that changes when what a function does may have changed. It covers the function's own
source, its defaults, what its closure holds and the globals that it names: functions and classes of a
person's own modules with all that these use in turn, constants by value, modules by name and version.
Whatever can change in place counts by its type only and is listed as untracked. Comments and layout do not
count, nor does the module in which a function stands, so that a notebook and the script made of it agree.
"""

from .lambdas import lambda_of as lambda_of
from .names import Names as Names
from .names import Use as Use
from .names import inner_codes as inner_codes
from .names import is_builtin as is_builtin
from .names import is_own as is_own
from .names import paths_of as paths_of
from .names import uses_of as uses_of
from .statements import Needs as Needs
from .statements import bound_in as bound_in
from .statements import imported_in as imported_in
from .statements import needs_of as needs_of
from .statements import outside_functions as outside_functions
from .statements import root_of as root_of
from .text import dedented as dedented
from .text import indented as indented
from .text import normalised as normalised
from .text import source_of as source_of
from .text import tidied as tidied
from .version import LiveVersion as LiveVersion
from .version import Version as Version
from .version import version_of as version_of

__all__ = [
    "LiveVersion",
    "Names",
    "Needs",
    "Use",
    "Version",
    "bound_in",
    "dedented",
    "imported_in",
    "indented",
    "inner_codes",
    "is_builtin",
    "is_own",
    "lambda_of",
    "needs_of",
    "normalised",
    "outside_functions",
    "paths_of",
    "root_of",
    "source_of",
    "tidied",
    "uses_of",
    "version_of",
]
