"""What `scipy.optimize` finds has a derivative by the implicit function theorem, which needs the function that is
solved: it is refused, with that way out."""

from __future__ import annotations

import scipy.optimize as so

from ..registry import refuse

IMPLICIT = ("pass what it finds as an argument, or take one step of Newton's method from it inside: this has the"
            " derivative of the solution")  # fmt: skip
ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
refuse(so, "minimize minimize_scalar basinhopping brute differential_evolution direct dual_annealing shgo fmin "
       "fmin_bfgs fmin_cg fmin_cobyla fmin_l_bfgs_b fmin_ncg fmin_powell fmin_slsqp fmin_tnc fminbound brent golden "
       "bracket line_search curve_fit least_squares leastsq",
       "it looks for a minimum of a function", IMPLICIT)  # fmt: skip
refuse(so, "root root_scalar fsolve brentq brenth bisect ridder newton toms748 fixed_point newton_krylov broyden1 "
       "broyden2 anderson diagbroyden excitingmixing linearmixing elementwise", "it looks for a root of a function",
       IMPLICIT)  # fmt: skip
refuse(so, "linprog milp lsq_linear nnls isotonic_regression linear_sum_assignment quadratic_assignment",
       "what it finds changes by leaps, or is on an edge",
       "pass it as an argument, and write the objective with it")  # fmt: skip
refuse(so, "approx_fprime check_grad", "it takes differences of a function", "use gradgen")
refuse(so, "rosen rosen_der rosen_hess rosen_hess_prod", "gradgen has no rule for it",
       "write it with functions of NumPy")  # fmt: skip
refuse(so, "Bounds LinearConstraint NonlinearConstraint BFGS SR1 HessianUpdateStrategy LbfgsInvHessProduct "
       "InverseJacobian KrylovJacobian BroydenFirst OptimizeResult RootResults show_options linprog_verbose_callback "
       "test", "what it gives is no number that varies", ASIDE)  # fmt: skip
refuse(so, "OptimizeWarning NoConvergence", "it is an exception", "raise it under a condition")
