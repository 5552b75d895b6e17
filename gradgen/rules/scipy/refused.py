"""The functions of `scipy.special` through which no derivative goes, each with the reason and a way out."""

from __future__ import annotations

import scipy.special as sp

from ..registry import refuse

ASIDE = "keep it beside what is differentiated, or pass its result as an argument"
SPECIAL = "its derivative is not known in closed form"

refuse(sp, "ai_zeros bei_zeros beip_zeros ber_zeros berp_zeros bi_zeros erf_zeros fresnel_zeros fresnelc_zeros "
       "fresnels_zeros jn_zeros jnjnp_zeros jnp_zeros jnyn_zeros kei_zeros keip_zeros kelvin_zeros ker_zeros "
       "kerp_zeros y0_zeros y1_zeros y1p_zeros yn_zeros ynp_zeros bernoulli euler roots_legendre roots_chebyt "
       "roots_chebyu roots_chebyc roots_chebys roots_jacobi roots_laguerre roots_genlaguerre roots_hermite "
       "roots_hermitenorm roots_gegenbauer roots_sh_legendre roots_sh_chebyt roots_sh_chebyu roots_sh_jacobi p_roots "
       "t_roots u_roots c_roots s_roots j_roots l_roots la_roots h_roots he_roots cg_roots ps_roots ts_roots us_roots "
       "js_roots stirling2 mathieu_even_coef mathieu_odd_coef", "it gives constants of an integer", ASIDE)  # fmt: skip
refuse(sp, "legendre chebyt chebyu chebyc chebys jacobi laguerre genlaguerre hermite hermitenorm gegenbauer "
       "sh_legendre sh_chebyt sh_chebyu sh_jacobi assoc_laguerre", "it makes a polynomial as an object",
       "call scipy.special.eval_legendre and the like")  # fmt: skip
refuse(sp, "factorial factorial2 factorialk", "it is of whole numbers", "use scipy.special.gamma(n + 1)")
refuse(sp, "comb perm", "it is of whole numbers", "use scipy.special.binom, or scipy.special.poch")
refuse(sp, "round geterr seterr errstate", "what it gives is no number that varies", ASIDE)
refuse(sp, "SpecialFunctionError SpecialFunctionWarning", "it is an exception", "raise it under a condition")
refuse(sp, "bdtri bdtrik bdtrin btdtria btdtrib chdtriv chndtr chndtridf chndtrinc chndtrix fdtridfd gdtria "
       "gdtrib gdtrix nbdtri nbdtrik nbdtrin ncfdtr ncfdtri ncfdtridfd ncfdtridfn ncfdtrinc nctdtr nctdtridf "
       "nctdtrinc nctdtrit nrdtrimn nrdtrisd pdtri pdtrik stdtridf kolmogi kolmogorov smirnov smirnovi tklmbda",
       SPECIAL, "solve for it with Newton's method in a loop, or pass it as an argument")  # fmt: skip
refuse(sp, "agm airye besselpoly diric ellip_harm ellip_harm_2 ellip_normal elliprg elliprj eval_sh_jacobi it2i0k0 "
       "it2j0y0 it2struve0 itairy iti0k0 itj0y0 itmodstruve0 itstruve0 kelvin lmbda log_wright_bessel lpmv lqmn lqn "
       "mathieu_a mathieu_b mathieu_cem mathieu_modcem1 mathieu_modcem2 mathieu_modsem1 mathieu_modsem2 mathieu_sem "
       "modfresnelm modfresnelp obl_ang1 obl_ang1_cv obl_cv obl_cv_seq obl_rad1 obl_rad1_cv obl_rad2 obl_rad2_cv "
       "pbdn_seq pbdv pbdv_seq pbvv pbvv_seq pbwa pro_ang1 pro_ang1_cv pro_cv pro_cv_seq pro_rad1 pro_rad1_cv pro_rad2 "
       "pro_rad2_cv riccati_jn riccati_yn wright_bessel zetac assoc_legendre_p assoc_legendre_p_all legendre_p "
       "legendre_p_all sph_harm_y sph_harm_y_all sph_legendre_p sph_legendre_p_all test sph_harm lpn lpmn clpmn "
       "btdtr btdtri", "gradgen has no rule for it",
       "write a rule for it with gradgen, or pass it as an argument")  # fmt: skip
