"""Functions of packages for engineering, chemistry, solar power, rotations, geodesy, astronomy, colour and money."""

from __future__ import annotations

import numpy as np

from .entry import draw, entry
from .scientific import of

LINES = {"x": draw(5), "amplitude": 1.3, "center": 0.2, "sigma": 0.8}
LINE = "x amplitude center sigma"
SHAPES = "lmfit.lineshapes"

LMFIT = [
    entry(f"{SHAPES}:gaussian", LINE, **LINES),
    entry(f"{SHAPES}:voigt", LINE, **LINES),
    entry(f"{SHAPES}:pvoigt", f"{LINE} fraction", **LINES, fraction=0.4),
    entry(f"{SHAPES}:pearson7", f"{LINE} expon", **LINES, expon=1.6),
    entry(f"{SHAPES}:split_lorentzian", f"{LINE} sigma_r", **LINES, sigma_r=0.6),
    entry(f"{SHAPES}:doniach", f"{LINE} gamma", **LINES, gamma=0.2),
    entry(f"{SHAPES}:step", LINE, **LINES, form="logistic"),
    entry(f"{SHAPES}:rectangle", "x sigma1", x=draw(5), sigma1=0.7, form="atan"),
    entry(f"{SHAPES}:thermal_distribution", "amplitude center kt", x=draw(5), amplitude=1.2, center=-2.5, kt=0.8),
    entry(f"{SHAPES}:breit_wigner", f"{LINE} q", **LINES, q=0.7),
    entry(f"{SHAPES}:skewed_gaussian", f"{LINE} gamma", **LINES, gamma=0.7),
]

FLOW = {"m": 0.6, "x": 0.1, "rhol": 915.0, "rhog": 2.67, "mul": 180e-6, "mug": 14e-6, "D": 0.05}

FLUIDS = [
    entry("fluids:Haaland", "Re eD", Re=1e5, eD=1e-4),
    entry("fluids:Churchill_1977", "Re eD", Re=1e5, eD=1e-4),
    entry("fluids:friction_factor", "Re eD", Re=1e5, eD=1e-4, Method="Haaland"),
    entry("fluids:Lockhart_Martinelli", "m x mul", **FLOW),
    entry("fluids:Friedel", "m x sigma", **FLOW, sigma=0.0487, roughness=0.0, L=1.0),
    entry("fluids:Beggs_Brill", "m x P", **FLOW, sigma=0.0487, P=1e7, angle=10.0),
    entry("fluids:isothermal_gas", "P1 P2 L D", rho=11.3, fd=0.00185, P1=1e6, P2=9e5, L=1000.0, D=0.5),
    entry("fluids:Ergun", "dp voidage vs", dp=8e-4, voidage=0.4, vs=1e-3, rho=1e3, mu=1e-3),
    entry("fluids:bend_rounded_Crane", "Di angle", Di=0.4020, angle=30.0, bend_diameters=5.0),
    entry("fluids:C_Reader_Harris_Gallagher", "D Do m", D=0.07391, Do=0.0222, rho=1.1646, mu=1.861e-5, m=0.12),
    entry("fluids:drag_sphere", "Re", Re=200.0),
    entry("fluids.numerics:horner", "coeffs x", coeffs=[1.1, -2.3, 0.7, 0.4], x=1.3),
    entry("fluids.numerics:chebval", "x c", x=0.3, c=[1.1, -2.3, 0.7, 0.4]),
    entry("fluids:Swamee_Jain_1976", "Re eD", Re=1e5, eD=1e-4),
    entry("fluids:Kim_Mudawar", "m x sigma", **FLOW, sigma=0.0487, L=1.0),
]

XS, MIX = [0.3, 0.7], [410.0, 560.0]

CHEMISTRY = [
    entry("ht:turbulent_Gnielinski", "Re Pr fd", Re=1e5, Pr=1.2, fd=0.0185),
    entry("ht:effectiveness_from_NTU", "NTU Cr", NTU=5.0, Cr=0.7, subtype="crossflow"),
    entry("ht:NTU_from_effectiveness", "effectiveness Cr", effectiveness=0.9, Cr=0.7, subtype="counterflow"),
    entry("ht:LMTD", "Thi Tho Tci Tco", Thi=100.0, Tho=60.0, Tci=30.0, Tco=40.2),
    entry("ht:Rohsenow", "Te Csf", rhol=957.854, rhog=0.595593, mul=2.79e-4, kl=0.680, Cpl=4217.0, Hvap=2.257e6,
          sigma=0.0589, Te=4.9, Csf=0.011, n=1.26),
    entry("ht:Nu_conv_internal", "Re Pr", Re=1e5, Pr=0.7),
    entry("ht:Ft_aircooler", "Thi Tho", Thi=125.0, Tho=45.0, Tci=25.0, Tco=95.0, Ntp=1, rows=4),
    entry("chemicals:Wagner", "T Tc a", T=100.0, Tc=190.53, Pc=4596420.0, a=-6.0, b=1.18, c=-0.83, d=-1.22),
    entry("chemicals:Antoine", "T A B C", T=100.0, A=8.7687, B=395.744, C=-6.469),
    entry("chemicals:EQ107", "T A B", T=300.0, A=33363.0, B=26790.0, C=2610.5, D=8896.0, E=1169.0),
    entry("chemicals:Lucas_gas", "T Tc dipole", T=550.0, Tc=512.6, Pc=80.9e5, Zc=0.22, MW=32.0, dipole=1.7),
    entry("chemicals:Herning_Zipperer", "zs mus", zs=XS, mus=[1.1e-5, 1.6e-5], MWs=[16.0, 30.1]),
    entry("chemicals:Wilke", "ys mus", ys=XS, mus=[1.1e-5, 1.6e-5], MWs=[16.0, 30.1]),
    entry("chemicals:Rachford_Rice_flash_error", "V_over_F zs Ks", V_over_F=0.5, zs=XS, Ks=[1.6, 0.5]),
    entry("chemicals:COSTALD_mixture", "xs T Tcs", xs=XS, T=298.0, Tcs=MIX, Vcs=[1.2e-4, 1.7e-4], omegas=[0.5, 0.6]),
    entry("chemicals:Rackett_mixture", "T xs", T=298.0, xs=XS, MWs=[18.0, 30.1], Tcs=MIX, Pcs=[22e6, 5e6],
          Zrs=[0.23, 0.28]),
    entry("chemicals:mixing_logarithmic", "fracs props", fracs=XS, props=MIX),
    entry("chemicals:BVirial_Pitzer_Curl", "T Tc omega", T=510.0, Tc=425.2, Pc=38e5, omega=0.193, order=1),
    entry("chemicals:DIPPR9H", "ws ks", ws=XS, ks=[0.16, 0.2]),
    entry("chemicals:Winterfeld_Scriven_Davis", "xs sigmas", xs=XS, sigmas=[0.01547, 0.02877], rhoms=[8610.0, 15530.0]),
    entry("chemicals:iapws95_P", "T rho", T=647.1, rho=358.0),
    entry("ht:Nu_cylinder_Churchill_Bernstein", "Re Pr", Re=6071.0, Pr=0.7),
    entry("chemicals:Zuo_Stenby", "T Tc omega", T=293.0, Tc=633.0, Pc=4530000.0, omega=0.249),
]  # fmt: skip

TILT = {"surface_tilt": np.array([20.0, 35.0]), "surface_azimuth": np.array([180.0, 150.0])}
SUN = {"solar_zenith": np.array([40.0, 55.0]), "solar_azimuth": np.array([170.0, 210.0])}
LIGHT = {"dhi": np.array([100.0, 120.0]), "dni": np.array([700.0, 650.0]), "dni_extra": np.array([1390.0, 1400.0])}
AIR = {"poa_global": np.array([800.0, 650.0]), "temp_air": np.array([20.0, 27.0]), "wind_speed": np.array([3.0, 1.4])}

PVLIB = [
    entry("pvlib.irradiance:aoi_projection", "surface_tilt solar_zenith", **TILT, **SUN),
    entry("pvlib.irradiance:haydavies", "surface_tilt dni", **TILT, **LIGHT, **SUN),
    entry("pvlib.irradiance:perez", "surface_tilt dhi", **TILT, **LIGHT, **SUN, airmass=np.array([1.3, 1.7])),
    entry("pvlib.irradiance:klucher", "surface_tilt dhi", **TILT, dhi=LIGHT["dhi"], ghi=np.array([640.0, 500.0]),
          **SUN),
    entry("pvlib.temperature:faiman", "poa_global wind_speed", **AIR),
    entry("pvlib.temperature:noct_sam", "poa_global wind_speed", **AIR, noct=45.0, module_efficiency=0.2),
    entry("pvlib.temperature:ross", "poa_global temp_air", poa_global=AIR["poa_global"], temp_air=AIR["temp_air"],
          noct=45.0),
    entry("pvlib.iam:ashrae", "aoi b", aoi=np.array([20.0, 50.0, 95.0]), b=0.05),
    entry("pvlib.iam:physical", "aoi", aoi=np.array([20.0, 50.0, 70.0])),
    entry("pvlib.iam:martin_ruiz", "aoi a_r", aoi=np.array([20.0, 50.0, 70.0]), a_r=0.16),
    entry("pvlib.singlediode:bishop88", "diode_voltage photocurrent", diode_voltage=np.array([0.5, 0.6]),
          photocurrent=7.0, saturation_current=1e-9, resistance_series=0.3, resistance_shunt=300.0, nNsVth=1.5),
    entry("pvlib.pvarray:pvefficiency_adr", "effective_irradiance k_a", effective_irradiance=np.array([900.0, 300.0]),
          temp_cell=np.array([30.0, 24.0]), k_a=100.0, k_d=-6.0, tc_d=0.02, k_rs=0.05, k_rsh=0.10),
    entry("pvlib.atmosphere:get_relative_airmass", "zenith", zenith=np.array([20.0, 50.0, 85.0])),
    entry("pvlib.atmosphere:gueymard94_pw", "temp_air relative_humidity", temp_air=20.0, relative_humidity=55.0),
    entry("pvlib.irradiance:isotropic", "surface_tilt dhi", surface_tilt=TILT["surface_tilt"], dhi=LIGHT["dhi"]),
    entry("pvlib.temperature:sapm_cell", "poa_global wind_speed", **AIR, a=-3.47, b=-0.0594, deltaT=3.0),
    entry("pvlib.iam:schlick", "aoi", aoi=np.array([20.0, 50.0, 95.0])),
]  # fmt: skip

Q, R = draw(4), draw(4, seed=1)
UNIT, UNIT2 = Q / np.linalg.norm(Q), R / np.linalg.norm(R)
QUATERNION = "pyquaternion:Quaternion"

ROTATIONS = [
    entry("transforms3d.quaternions:qmult", "q1 q2", q1=Q, q2=R),
    entry("transforms3d.quaternions:quat2mat", "q", q=Q),
    entry("transforms3d.quaternions:rotate_vector", "v q", v=draw(3), q=Q, is_normalized=False),
    entry("transforms3d.quaternions:axangle2quat", "vector theta", vector=draw(3), theta=0.7),
    entry("transforms3d.quaternions:quat2axangle", "quat", quat=Q),
    entry("transforms3d.euler:euler2mat", "ai aj ak", ai=0.3, aj=-0.5, ak=1.1, axes="rzyx"),
    entry("transforms3d.euler:mat2euler", "mat", mat=draw(3, 3)),
    entry("transforms3d.affines:compose", "T R Z", T=draw(3), R=draw(3, 3), Z=draw(3, seed=1)),
    entry("transforms3d.axangles:axangle2mat", "axis angle", axis=draw(3), angle=0.7),
    entry("transforms3d.zooms:zfdir2mat", "factor direction", factor=1.7, direction=draw(3)),
    entry("transforms3d.shears:striu2mat", "striu", striu=draw(3)),
    entry("rowan:multiply", "qi qj", qi=draw(2, 4), qj=draw(2, 4, seed=1)),
    entry("rowan:rotate", "q v", q=UNIT, v=draw(3)),
    entry("rowan:to_matrix", "q", q=draw(2, 4), require_unit=False),
    entry("rowan:exp", "q", q=Q),
    entry("rowan:log", "q", q=UNIT),
    entry("rowan:from_axis_angle", "axes angles", axes=draw(3), angles=0.4),
    entry("rowan.interpolate:slerp", "q0 q1 t", q0=UNIT, q1=UNIT2, t=0.3),
    entry("rowan.geometry:intrinsic_distance", "p q", p=UNIT, q=UNIT2),
    entry(f"{QUATERNION}.rotate", "vector", made=of(QUATERNION, *UNIT), vector=draw(3)),
    entry(f"{QUATERNION}._q_matrix", "self.q", made=of(QUATERNION, *UNIT)),
    entry("transforms3d.quaternions:qinverse", "q", q=Q),
    entry("transforms3d.quaternions:mat2quat", "M", M=np.eye(3) + 0.1 * draw(3, 3)),
    entry("rowan:normalize", "q", q=draw(2, 4)),
    entry("rowan:from_euler", "alpha beta gamma", alpha=0.3, beta=-0.5, gamma=1.1),
]

HERE = {"lat": 42.0, "lon": -82.0, "h": 200.0, "lat0": 42.1, "lon0": -81.7, "h0": 120.0}

GEODESY = [
    entry("pymap3d:geodetic2ecef", "lat lon alt", lat=42.0, lon=-82.0, alt=200.0),
    entry("pymap3d:ecef2geodetic", "x y z", x=660.6753e3, y=-4700.949e3, z=4245.738e3, step=1e-7),
    entry("pymap3d:geodetic2aer", "lat lon h", **HERE, step=1e-7),
    entry("pymap3d:enu2aer", "e n u", e=186.3, n=286.8, u=939.7),
    entry("pymap3d.vincenty:vdist", "Lat1 Lon1", Lat1=42.1, Lon1=-81.7, Lat2=43.3, Lon2=-80.2),
    entry("pymap3d.haversine:anglesep", "lon0 lat0 lon1 lat1", lon0=35.0, lat0=23.0, lon1=84.0, lat1=20.0,
          force_non_astropy=True),
    entry("pymap3d.los:lookAtSpheroid", "lat0 az", lat0=42.0, lon0=-82.0, h0=200.0, az=45.0, tilt=15.0),
    entry("pymap3d.rcurve:transverse", "lat", lat=42.0),
    entry("pymap3d.lox:loxodrome_inverse", "lat1 lon1", lat1=40.0, lon1=-80.0, lat2=65.0, lon2=-148.0),
    entry("geographiclib.geomath:Math.norm", "x y", x=0.6, y=-1.2),
    entry("geographiclib.geomath:Math.polyval", "p x", N=3, p=[1.1, 0.4, -0.3, 0.8], s=0, x=0.7),
    entry("geographiclib.geodesic:Geodesic._A1m1f", "eps", eps=0.1),
    entry("geographiclib.geodesic:Geodesic._SinCosSeries", "sinx cosx", sinp=True, sinx=0.6, cosx=0.8,
          c=[0.0, 0.3, -0.2, 0.5]),
    entry("geographiclib.geodesic:Geodesic._Astroid", "x y", x=0.3, y=0.7),
    entry("pymap3d:geodetic2enu", "lat lon h", **HERE, step=1e-5),
    entry("pymap3d:aer2enu", "az el srange", az=33.0, el=70.0, srange=1000.0),
    entry("geographiclib.geomath:Math.AngNormalize", "x", x=237.0),
]  # fmt: skip

FUNCTIONAL = "astropy.modeling.functional_models"
PLANE = {"x": draw(4), "y": draw(4, seed=1), "amplitude": 1.3}

ASTROPY = [
    entry(f"{FUNCTIONAL}:Gaussian2D.evaluate", "x x_mean x_stddev theta", **PLANE, x_mean=0.2, y_mean=-0.3,
          x_stddev=0.8, y_stddev=1.2, theta=0.4),
    entry(f"{FUNCTIONAL}:Sersic1D.evaluate", "r r_eff", made=of(f"{FUNCTIONAL}:Sersic1D"), r=draw(4, low=0.2),
          amplitude=1.3, r_eff=0.8, n=2.5),
    entry(f"{FUNCTIONAL}:Voigt1D.evaluate", "x x_0 fwhm_L", made=of(f"{FUNCTIONAL}:Voigt1D", method="humlicek2"),
          x=draw(4), x_0=0.2, amplitude_L=1.1, fwhm_L=0.7, fwhm_G=0.5),
    entry(f"{FUNCTIONAL}:AiryDisk2D.evaluate", "x_0 radius", made=of(f"{FUNCTIONAL}:AiryDisk2D"), **PLANE, x_0=0.2,
          y_0=-0.3, radius=0.9),
    entry(f"{FUNCTIONAL}:Trapezoid1D.evaluate", "x slope width", x=draw(6), amplitude=1.0, x_0=0.1, width=1.2,
          slope=2.0),
    entry(f"{FUNCTIONAL}:KingProjectedAnalytic1D.evaluate", "x r_core r_tide",
          made=of(f"{FUNCTIONAL}:KingProjectedAnalytic1D"), x=draw(4, low=0.2), amplitude=1.3, r_core=0.5, r_tide=1.1),
    entry("astropy.modeling.powerlaws:SmoothlyBrokenPowerLaw1D.evaluate", "x x_break alpha_1 delta", x=draw(4, low=0.2),
          amplitude=1.3, x_break=0.8, alpha_1=-1.2, alpha_2=0.7, delta=0.3),
    entry("astropy.modeling.powerlaws:LogParabola1D.evaluate", "x alpha", x=draw(4, low=0.2), amplitude=1.3, x_0=0.7,
          alpha=0.4, beta=0.3),
    entry("astropy.modeling.powerlaws:BrokenPowerLaw1D.evaluate", "x x_break", x=draw(4, low=0.2), amplitude=1.3,
          x_break=0.8, alpha_1=1.2, alpha_2=0.7),
    entry("astropy.modeling.polynomial:Chebyshev1D.clenshaw", "x coeffs", x=draw(4), coeffs=[0.3, -1.2, 0.7]),
    entry("astropy.stats.circstats:circmean", "data", data=draw(5)),
    entry("astropy.stats.circstats:circcorrcoef", "alpha beta", alpha=draw(5), beta=draw(5, seed=1)),
    entry("astropy.coordinates:angular_separation", "lon1 lat1", lon1=0.3, lat1=0.4, lon2=1.1, lat2=-0.2),
    entry("astropy.stats:biweight_location", "data", data=draw(7)),
    entry(f"{FUNCTIONAL}:Moffat2D.evaluate", "x x_0 gamma alpha", **PLANE, x_0=0.2, y_0=-0.3, gamma=0.9, alpha=1.7),
    entry("astropy.modeling.physical_models:Drude1D.evaluate", "x x_0 fwhm", x=draw(4, low=0.2), amplitude=1.3, x_0=0.7,
          fwhm=0.4),
]  # fmt: skip

XYZ, LAB = np.array([[0.21, 0.12, 0.05], [0.4, 0.5, 0.3]]), np.array([[50.0, 21.0, 272.0], [60.0, -30.0, 20.0]])

COLOUR = [
    entry("colour:XYZ_to_Lab", "XYZ", XYZ=XYZ),
    entry("colour:XYZ_to_xyY", "XYZ", XYZ=XYZ),
    entry("colour:RGB_to_HSV", "RGB", RGB=XYZ),
    entry("colour.difference:delta_E_CIE2000", "Lab_1 Lab_2", Lab_1=LAB, Lab_2=LAB + draw(2, 3)),
    entry("colour.models:eotf_inverse_sRGB", "L", L=np.array([0.001, 0.3])),
    entry("colour.models:oetf_BT709", "L", L=np.array([0.001, 0.3])),
    entry("colour.colorimetry:whiteness_CIE2004", "xy", xy=np.array([0.31, 0.34]), Y=100.0,
          xy_n=np.array([0.31, 0.32])),
    entry("colour.temperature:xy_to_CCT_McCamy1992", "xy", xy=np.array([0.31, 0.34])),
    entry("colour:Lab_to_XYZ", "Lab", Lab=LAB),
    entry("colour:XYZ_to_Luv", "XYZ", XYZ=XYZ),
]  # fmt: skip

MONEY = [
    entry("numpy_financial:fv", "rate pmt", rate=0.05, nper=10.0, pmt=-100.0, pv=-100.0),
    entry("numpy_financial:pmt", "rate pv", rate=0.05, nper=10.0, pv=1500.0),
    entry("numpy_financial:npv", "rate values", rate=0.08, values=np.array([-400.0, 150.0, 210.0, 260.0])),
    entry("numpy_financial:nper", "rate pmt", rate=0.06, pmt=-200.0, pv=1000.0),
    entry("numpy_financial:ppmt", "rate", rate=0.05, per=2, nper=10.0, pv=1500.0),
    entry("numpy_financial:pv", "rate pmt", rate=0.05, nper=10.0, pmt=-100.0, fv=1500.0),
    entry("numpy_financial:ipmt", "rate pv", rate=0.05, per=2, nper=10.0, pv=1500.0),
]

POINT = [0.31, -0.44, 0.73]

BENCHMARKS = [
    entry("deap.benchmarks:rosenbrock", "individual", individual=POINT),
    entry("deap.benchmarks:rastrigin", "individual", individual=POINT),
    entry("deap.benchmarks:ackley", "individual", individual=POINT),
    entry("deap.benchmarks:griewank", "individual", individual=POINT),
    entry("deap.benchmarks:himmelblau", "individual", individual=POINT[:2]),
    entry("deap.benchmarks:shekel", "individual", individual=POINT[:2], a=[[0.1, 0.4], [0.7, -0.2]], c=[0.3, 0.5]),
    entry("deap.benchmarks:dtlz2", "individual", individual=[0.4, 0.6, 0.2], obj=2),
    entry("deap.benchmarks:fonseca", "individual", individual=POINT),
    entry("deap.benchmarks:schwefel", "individual", individual=[31.0, -44.0, 73.0]),
    entry("deap.benchmarks:bohachevsky", "individual", individual=POINT),
]

ORIENTATION = "ahrs.common.orientation"
GRAVITY, NORTH = np.array([0.4, -0.3, 9.7]), np.array([16.4, -33.4, 34.1])

ATTITUDE = [
    entry(f"{ORIENTATION}:q_prod", "p q", p=Q, q=R),
    entry(f"{ORIENTATION}:q_rot", "q v", q=UNIT, v=draw(3)),
    entry(f"{ORIENTATION}:q2R", "q", q=Q),
    entry(f"{ORIENTATION}:q2euler", "q", q=UNIT),
    entry(f"{ORIENTATION}:axang2quat", "axis angle", axis=draw(3), angle=0.7),
    entry(f"{ORIENTATION}:acc2q", "a", a=GRAVITY),
    entry(f"{ORIENTATION}:am2angles", "a m", a=GRAVITY, m=NORTH),
    entry("ahrs.utils.metrics:qdist", "q1 q2", q1=UNIT, q2=UNIT2),
    entry("ahrs.common.frames:geodetic2ecef", "lat lon h", lat=42.0, lon=-82.0, h=200.0),
]

UNIVERSE = np.array([-1.3, -0.2, 0.4, 1.1, 2.3])
MEMBERSHIP = "skfuzzy.membership"

FUZZY = [
    entry(f"{MEMBERSHIP}:gaussmf", "x mean sigma", x=UNIVERSE, mean=0.3, sigma=0.8),
    entry(f"{MEMBERSHIP}:gbellmf", "x a b c", x=UNIVERSE, a=0.9, b=1.4, c=0.3),
    entry(f"{MEMBERSHIP}:gauss2mf", "x mean1 sigma1 mean2 sigma2", x=UNIVERSE, mean1=-0.5, sigma1=0.8, mean2=0.6,
          sigma2=0.7),
    entry(f"{MEMBERSHIP}:smf", "x a b", x=UNIVERSE, a=-1.0, b=2.0),
    entry(f"{MEMBERSHIP}:trapmf", "x abcd", x=UNIVERSE, abcd=np.array([-1.5, -0.5, 0.6, 2.0])),
    entry(f"{MEMBERSHIP}:pimf", "x a d", x=UNIVERSE, a=-1.5, b=-0.4, c=0.6, d=2.5),
    entry("skfuzzy:centroid", "x mfx", x=UNIVERSE, mfx=np.array([0.1, 0.6, 0.9, 0.4, 0.2])),
]  # fmt: skip

STEAM = [
    entry("iapws._iapws:_Tension", "T", T=450.0),
    entry("iapws._iapws:_Viscosity", "rho T", rho=998.0, T=298.15),
    entry("iapws._iapws:_ThCond", "rho T", rho=998.0, T=298.15),
    entry("iapws._iapws:_Dielectric", "rho T", rho=999.2, T=298.15),
]
