# Textos de las páginas en español. Las claves son las mismas en todos los idiomas.

skip = Ir al contenido
nav-label = Principal
nav-start = Hoy
nav-queue = Cola
nav-customers = Clientes
nav-evidence = Comprobantes
nav-imports = Importaciones
nav-policy = Política
nav-audit = Registro
nav-users = Personas y tokens
nav-account = Su cuenta
theme-label = Tema
theme-system = Sistema
theme-light = Claro
theme-dark = Oscuro
or = o
continue = Continuar
back-to-start = Volver al inicio

sign-in = Entrar
sign-in-with = Entrar con { $provider }
sign-in-wrong = El nombre o la contraseña no son correctos.
sign-out = Salir
login-name = Nombre de acceso
password = Contraseña
password-new = Contraseña nueva
password-again = La misma otra vez
password-help = Al menos 12 caracteres. Unas cuantas palabras seguidas se recuerdan mejor que una rara; no hay reglas sobre cifras ni signos.
password-short = La contraseña tiene menos de 12 caracteres.
password-long = La contraseña tiene más de 256 caracteres.
password-common = Esta contraseña está hecha de palabras y series que usa todo el mundo. Añada algo propio.
password-name = Esta contraseña es poco más que su nombre o el de este programa. Añada algo propio.
password-differs = Las dos contraseñas no son iguales.
set-password = Definir contraseña
set-password-lead = Para { $user }. Este enlace vale una sola vez.
code = Código
code-title = Código de un solo uso
code-lead = Escriba el código que muestra ahora su aplicación de autenticación, o uno de sus códigos de recuperación.
code-wrong = El código no es correcto o ya se usó. Espere al siguiente.
step-up-title = Confirme que es usted
step-up-lead = Lo que va a hacer requiere una prueba reciente.
step-up-wrong = No es correcto.

error-not-found = Aquí no hay nada
error-not-found-detail = No hay nada en esta dirección, o no le corresponde verlo.
error-signed-out = Entre primero
error-signed-out-detail = Su sesión ha terminado. Entre de nuevo para seguir.
error-forbidden = No permitido
error-step-up = Confirme que es usted
error-step-up-detail = Esto requiere entrar de nuevo.
error-form-token = La página es demasiado antigua
error-form-token-detail = Este formulario es demasiado antiguo o vino de otro sitio. Vuelva atrás, recargue la página e inténtelo de nuevo. No se ha cambiado nada.
error-invalid = Algo no está bien
error-too-large = Demasiado grande
error-conflict = Otra persona fue más rápida
error-too-many-attempts = Demasiados intentos
error-too-many-attempts-detail = Espere { $seconds ->
        [one] un segundo
       *[other] { $seconds } segundos
    } e inténtelo de nuevo.
error-internal = Algo ha fallado aquí
error-internal-detail = Se ha registrado. Esta petición no ha cambiado nada.
error-unavailable = No se puede acceder a los libros
error-unavailable-detail = Inténtelo de nuevo en un momento.

queue-empty = Nada espera a una persona.
