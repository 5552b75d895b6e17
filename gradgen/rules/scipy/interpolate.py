"""Functions of `scipy.interpolate` are objects that hold a curve: they are differentiated by the place where they are
asked, if they are made outside; making them is refused, with a way out."""

from __future__ import annotations

import scipy.interpolate as sip

from ..registry import CURVES, refuse

# made outside of the function, they are functions of one number
CURVES |= {sip.CubicSpline, sip.PchipInterpolator, sip.Akima1DInterpolator, sip.CubicHermiteSpline, sip.PPoly,
           sip.BSpline, sip.UnivariateSpline, sip.InterpolatedUnivariateSpline, sip.LSQUnivariateSpline}  # fmt: skip

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
BY_MATRIX = ("make it outside, if its values are no targets; else make a matrix outside, as by"
             " scipy.interpolate.make_interp_spline(x, np.eye(len(x)))(points), and write matrix @ values")  # fmt: skip
refuse(sip, "interp1d", "it makes a curve as an object",
       "use np.interp, which is differentiated by all of its arguments")  # fmt: skip
refuse(sip, "CubicSpline PchipInterpolator Akima1DInterpolator pchip pchip_interpolate CubicHermiteSpline BSpline "
       "PPoly BPoly NdPPoly NdBSpline make_interp_spline make_lsq_spline make_smoothing_spline make_splprep "
       "make_splrep generate_knots UnivariateSpline InterpolatedUnivariateSpline LSQUnivariateSpline splrep splprep "
       "splev splder splantider splint sproot spalde insert bisplrep bisplev", "it makes or takes a curve as an object",
       BY_MATRIX)  # fmt: skip
refuse(sip, "BarycentricInterpolator KroghInterpolator barycentric_interpolate krogh_interpolate lagrange pade "
       "approximate_taylor_polynomial FloaterHormannInterpolator AAA", "it makes a polynomial or a quotient of them",
       "use np.polyfit and np.polyval")  # fmt: skip
refuse(sip, "RegularGridInterpolator interpn RectBivariateSpline BivariateSpline SmoothBivariateSpline "
       "LSQBivariateSpline SmoothSphereBivariateSpline LSQSphereBivariateSpline RectSphereBivariateSpline interp2d "
       "griddata LinearNDInterpolator NearestNDInterpolator CloughTocher2DInterpolator RBFInterpolator Rbf",
       "it makes a surface as an object, or takes points of one",
       "interpolate between neighbours, which an index of floors finds")  # fmt: skip
refuse(sip, "test", "it runs SciPy's tests", ASIDE)
