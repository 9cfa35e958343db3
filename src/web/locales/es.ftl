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

# Palabras que se usan en muchas páginas.
search = Buscar
save = Guardar
copy = Copiar
copied = Copiado
filter = Filtro
pages = Páginas
first-page = Primera página
next-page = Página siguiente
yes = sí
no = no
on = activado
off = desactivado
when = Cuándo
what = Qué
by = Por
kind = Tipo
state = Estado
name = Nombre
size = Tamaño
field = Campo
value = Valor
source = Origen
version = Versión
number = Número
number-short = N.º
amount = Importe
currency = Moneda
country = País
entity = Entidad
customer = Cliente
item = Partida
payment = Pago
case = Caso
cases = Casos
share = Parte
total = Total
details = Detalles
email = Correo
language = Idioma
rule = regla
open = abierta
file = Archivo
hash = Huella
new = Nuevos
known = Conocidos
refused = Rechazados
read = leído
confidence = Confianza
original = Original
document = Documento
page-count = { $count ->
        [one] una página
       *[other] { $count } páginas
    }

start-no-role = Aún no tiene ningún papel en ninguna entidad. Se lo da un administrador.
start-waiting = Esperan a una persona
start-oldest = el más antiguo: { $days ->
        [0] hoy
        [one] un día
       *[other] { $days } días
    }
start-settled = Saldados solos hoy
start-week = { $count } en los últimos 7 días
start-people = Decididos por personas
start-last-week = en los últimos 7 días
start-share = Parte saldada sola
start-last-month = de los últimos 30 días
start-decisions = Decisiones de los últimos 30 días
start-alone = saldados solos
start-by-people = decididos por personas
start-chart-label = Decisiones por día: { $alone } saldadas solas, { $people } por personas en 30 días
start-kinds = Qué espera
start-at-stake = Dinero que espera
start-nothing-at-stake = No espera dinero.
start-where = Dónde está el dinero
start-where-help = entrado = aplicado + sin aplicar + ajeno + sin decidir
start-no-money = Aún no se ha tomado ningún movimiento bancario.
bank-in = Entrado
applied = Aplicado
unapplied = Sin aplicar
not-ours = Ajeno
undecided = Sin decidir
adds-up = Cuadra

search-customers = Buscar nombre, número, alias o correo
customers-none = Ningún cliente coincide.
open-items = Partidas abiertas
open-amount = Abierto
overdue = Vencido
oldest-due = Vencimiento más antiguo
aging = Antigüedad
not-due = Sin vencer
nothing-open = No hay nada abierto.
aliases = También
parent = Pertenece a
withholding = Retención
issued = Emitida
due = Vence
billed = Facturado
settled = saldada
on-hold = retenida
days-overdue = { $days ->
        [one] vencida hace un día
       *[other] vencida hace { $days } días
    }
movements = Pagos y otros movimientos
movements-none = Aún no se ha asentado nada.
cleared = Saldado
reversal = revertido
settled-items = Partidas saldadas
account-cut = La cuenta es larga: se muestran las últimas { $rows } partidas y movimientos.

bring-files = Traer archivos
bring-what = Qué son
bring-statement = Extractos de banco o procesador
bring-invoices = Facturas y notas de crédito
bring-customers = Clientes
bring-evidence = Comprobantes: recibos, cartas, capturas
bring-account = Cuenta, si el archivo no la nombra
bring-entity = Entidad de una cuenta nueva
bring-entity-any = como ya está asignada
bring-choose = Elegir archivos
bring-drop = o suéltelos aquí; hasta { $size } cada uno. El mismo archivo otra vez no cambia nada.
bring-failed = El archivo no llegó. Inténtelo de nuevo.
bring-on-its-way = en camino
bring-noscript = Traer archivos por esta página requiere JavaScript. La orden `quittance import` hace lo mismo.
brought-files = Archivos traídos
brought-none = Aún no se ha traído ningún archivo.
held-by-case = caso
taken = tomado
not-taken = no tomado del todo

evidence-all = Todos
evidence-waiting = Esperan a una persona
evidence-none = Aquí no hay nada.
evidence-unreadable = No se pudo leer este archivo. El original se conserva; un caso lo guarda.
seems-to-be = Parece ser
unreadable = ilegible
claims = Lo que parece decir
claims-help = afirmaciones, no hechos
claims-none = No se leyó ningún valor.
as-written = Como está escrito
remittance-rows = Facturas que enumera
text-as-read = Texto leído

policy-title = Política vigente
policy-built-in = incorporada
policy-alone = Qué se salda sin una persona
policy-alone-1 = Un pago se salda solo únicamente si se cumple todo esto:
policy-alone-2 = su texto cita entero el número de cada partida abierta, y las partidas son de un solo cliente;
policy-alone-3 = las salda exactamente, al céntimo, en una moneda;
policy-alone-4 = el pagador que nombra el banco no contradice al cliente;
policy-alone-5 = no supera el límite de su moneda, y su moneda tiene límite;
policy-alone-6 = no se sabe nada en contra: ni disputa, ni retención, ni cambio anunciado de datos bancarios, ni rechazo anterior de una persona.
policy-alone-7 = Todo lo demás es una pregunta a una persona.
policy-limits = Límites
policy-high-value = Siempre ante una persona desde
policy-limits-help = Una moneda que no figura siempre llega a una persona.
policy-always = Siempre llega a una persona
policy-evidence = Comprobantes
policy-waits = Un comprobante espera su dinero { $days ->
        [one] un día
       *[other] { $days } días
    } antes de preguntar a una persona.
policy-booking = El banco puede asentar hasta { $days ->
        [one] un día
       *[other] { $days } días
    } antes o después de la fecha del comprobante.
policy-text = El texto completo
policy-four-eyes = Segunda persona desde
policy-write-off = Se condona hasta

audit-entries = { $count ->
        [one] una entrada
       *[other] { $count } entradas
    }
audit-verify = Verificar todo
audit-whole = Nada se ha alterado: { $entries } entradas seguidas, { $rows } filas comparadas. Última huella:
audit-broken = { $count ->
        [one] Una cosa no está
       *[other] { $count } cosas no están
    } como dice el registro:
audit-none = Aún no se ha registrado nada.

people = Personas
roles = Papeles
no-role = ninguno
role-viewer = lector
role-reviewer = revisor
role-approver = aprobador
role-admin = administrador
all-entities = Todas las entidades
enabled = activa
disabled = desactivada
may-sign-in = Puede entrar
this-is-you = es usted
signing-in = Acceso
account-elsewhere = Cuenta externa
user-add = Añadir una persona
user-taken = Ya hay alguien con el nombre de acceso { $login }.
user-name-problem = Un nombre tiene de 1 a 200 caracteres y ningún carácter de control.
user-email-problem = Esto no es una dirección de correo.
user-role-problem = No existe ese papel.
user-last-admin = Debe quedar alguien que administre todas las entidades.
user-link = Crear un enlace para definir contraseña
user-link-made = Entregue este enlace. Vale una vez, durante 24 horas, y no se vuelve a mostrar.

account-password-help = Al menos 12 caracteres. Todas sus demás sesiones terminan.
account-password-set = Su contraseña está definida.
language-browser = como pida el navegador
codes-title = Códigos de un solo uso
codes-lead = Un código de una aplicación de autenticación, que se pide en cada acceso.
codes-set-up = Configurar
codes-replace = Configurar de nuevo
codes-remove = Quitar los códigos
codes-left = { $count ->
        [one] Queda un código de recuperación.
       *[other] Quedan { $count } códigos de recuperación.
    }
codes-new-recovery = Nuevos códigos de recuperación
codes-scan = Escanee esto con su aplicación de autenticación y escriba el código que muestra.
codes-by-hand = O escriba esto:
codes-confirm = Confirmar
recovery-title = Códigos de recuperación
recovery-lead = Cada uno sirve una vez en lugar de un código de un solo uso. Imprímalos o guárdelos en un gestor de contraseñas: no se vuelven a mostrar.
recovery-kept = Los he guardado
sessions = Sesiones
sessions-end = Terminar todas las sesiones
sessions-end-others = Terminar las demás
browser = Navegador
address = Dirección
since = Desde
last-used = Último uso
this-one = esta
tokens = Tokens de API
tokens-help = para programas; un token nunca hace más de lo que usted puede
tokens-own = Sus propios tokens
tokens-none = Nadie tiene un token.
token-name = Para qué es
token-days = Días que vale
token-make = Crear un token
token-made = Copie el token ahora. No se vuelve a mostrar.
token-name-problem = Diga para qué es el token, con 1 a 100 caracteres.
token-scope-problem = Elija al menos un alcance.
token-days-problem = Un token vale de 1 a 730 días.
scopes = Alcances
scope-read = leer
scope-decide = decidir casos
scope-import = traer archivos
scope-admin = administrar
made = Creado
ends = Termina
good = válido
over = terminado
revoke = Revocar
revoked = revocado
