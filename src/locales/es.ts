import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'la aplicación'
const signIn = (app: string | null): string => (app === null ? 'Iniciar sesión' : `Iniciar sesión en ${app}`)
const signedIn = (app: string | null): string => (app === null ? 'Sesión iniciada' : `Sesión iniciada en ${app}`)
const goOn = (app: string | null): string => `Ir a ${the(app)}`
const welcome = (app: string | null): string =>
  app === null ? 'Te damos la bienvenida' : `Te damos la bienvenida a ${app}`
const yourCode = (app: string | null): string =>
  app === null ? 'tu código para iniciar sesión' : `tu código de ${app}`

/** For mails alone. A page's script may put `1:05 p.m.` in later, so there a moment stands without an article. */
const at = (moment: string): string => `${/^0?1:/.test(moment) ? 'a la' : 'a las'} ${moment}`

export const es = {
  lang: 'es',
  dir: 'ltr',
  // `es-419` would write `01:05 p.m. UTC`; 24 hours are read everywhere.
  intl: 'es-ES',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${time} del ${day}`,

  asked: { heading: 'Quién lo pidió', when: 'Cuándo', where: 'Dónde', browser: 'Navegador' },
  help: (address) => `¿Tienes dudas? Escribe a ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `Vas a iniciar sesión como ${address}.`,
      leadWithoutAddress: 'Solo falta presionar el botón.',
      button: signIn,
      busy: 'Iniciando sesión…',
      validUntil: (moment) => `Válido hasta: ${moment}`,
      again: 'Tu confirmación no nos llegó. No se perdió nada: presiona el botón otra vez.',
      notYou: '¿No fuiste tú? Puedes cerrar esta página. No pasa nada mientras no presiones el botón.',
    },
    used: {
      heading: 'Este enlace ya se usó',
      lead: (moment) => `Este enlace ya se usó para iniciar sesión (${moment}). Si fuiste tú, todo está en orden.`,
      leadWithoutTime: 'Este enlace ya se usó para iniciar sesión. Si fuiste tú, todo está en orden.',
      goOn,
      resend: 'Para iniciar sesión también aquí, pide un enlace nuevo.',
      next: (app) => `Para iniciar sesión otra vez, pide un enlace nuevo en ${the(app)}.`,
    },
    signedInHere: 'Aquí ya tienes la sesión iniciada, así que no lo necesitas.',
    expired: {
      heading: 'Este enlace caducó',
      lead: 'No es culpa tuya: para proteger tu cuenta, cada enlace funciona solo durante un tiempo.',
      next: 'Podemos enviarte uno nuevo ahora mismo.',
    },
    superseded: {
      heading: 'Hay un enlace más reciente',
      lead: 'Te enviamos otro mensaje después de este. Usa el enlace del mensaje más reciente.',
      next: 'Si no lo encuentras, podemos enviarte uno nuevo.',
    },
    cancelled: {
      heading: 'Este enlace se retiró',
      lead: (app) => `No es culpa tuya: ${the(app)} retiró este enlace antes de que se usara.`,
      next: (app) => `Si todavía quieres iniciar sesión, pide un enlace nuevo en ${the(app)}.`,
    },
    junk: {
      heading: 'Este enlace está incompleto',
      lead: 'No es culpa tuya: a veces los programas de correo cortan los enlaces largos.',
      next: 'Copia el enlace completo del correo y pégalo en la barra de direcciones del navegador. Si no funciona, pide un enlace nuevo donde querías iniciar sesión.',
    },
    newLink: {
      button: 'Enviarme un enlace nuevo',
      busy: 'Enviando un enlace nuevo…',
      elsewhere: (app) => `Para iniciar sesión, pide un enlace nuevo en ${the(app)}.`,
    },
    resent: {
      heading: 'Revisa tu correo',
      lead: (address) => `Estamos enviando un enlace nuevo a ${address}.`,
      next: 'Suele llegar en menos de un minuto. Si no lo encuentras, mira en la carpeta de spam. Puedes cerrar esta página.',
      text: {
        heading: 'Revisa tu teléfono',
        lead: (number) => `Estamos enviando un enlace nuevo al ${number}.`,
        next: 'Suele llegar en menos de un minuto. Puedes cerrar esta página.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `Iniciaste sesión como ${address}. Puedes cerrar esta página.`,
      leadWithoutAddress: 'Puedes cerrar esta página.',
    },
    unavailable: {
      heading: 'En este momento no podemos iniciar tu sesión',
      lead: 'La culpa es nuestra, no tuya, y no se perdió nada.',
      next: 'Espera un minuto y abre otra vez tu enlace.',
    },
    foreignForm: {
      heading: 'Abre otra vez tu enlace',
      lead: 'La confirmación no vino de nuestra página, así que no pasó nada. Casi nunca es culpa tuya: puede deberse a otro sitio o a una extensión del navegador.',
      next: 'Tu enlace todavía funciona. Ábrelo desde tu mensaje y presiona el botón allí.',
    },
    inactive: {
      heading: 'Esta cuenta está desactivada',
      lead: (app) =>
        `Tu enlace está bien y no hiciste nada mal, pero ${the(app)} desactivó el inicio de sesión para esta cuenta.`,
      next: (app) => `Pide ayuda al equipo de ${the(app)}: solo ese equipo puede volver a activarla.`,
    },
    tooMany: {
      heading: 'Espera un minuto',
      lead: 'Hubo muchos intentos en poco tiempo, así que hacemos una pausa corta. Puede que no hayas sido tú.',
      next: 'No se perdió nada: si ya tienes un enlace, todavía funciona. Prueba otra vez en un minuto.',
    },
    misdirected: {
      heading: 'El inicio de sesión está en otra página',
      lead: 'No es culpa tuya. En la página a la que llegaste no se puede iniciar sesión.',
      button: (host) => `Ir a ${host}`,
    },
    notFound: {
      heading: 'Aquí no hay nada',
      lead: 'Puede que haya un error al escribir la dirección o que la página haya cambiado de lugar.',
      next: 'Para iniciar sesión, ve a la aplicación y empieza allí, o abre otra vez tu enlace.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'Escribe tu dirección de correo y te enviamos un correo para iniciar sesión. No necesitas contraseña.',
      label: 'Dirección de correo',
      button: 'Enviarme un correo',
      busy: 'Enviando el correo…',
      empty: 'Primero escribe tu dirección de correo.',
      unreadable: 'Esto no parece una dirección de correo. Una dirección es así: nombre@example.com.',
      blocked: 'Esta dirección no se puede usar aquí. Escribe otra, por ejemplo la de tu trabajo.',
      tooMany: 'Hubo muchos intentos en poco tiempo. Espera un minuto y presiona el botón otra vez.',
      signedInAs: (address) => `Aquí tienes la sesión iniciada como ${address}.`,
      onceMore: 'Para continuar, inicia sesión una vez más.',
      goOn,
      goOnBusy: 'Continuando…',
      other: 'O inicia sesión con otra dirección',
    },
    waiting: {
      heading: 'Revisa tu correo',
      lead: {
        both: (address) =>
          `Enviamos un enlace y un código a ${address}. Abre el enlace en este navegador o escribe el código aquí.`,
        link: (address) => `Enviamos un enlace a ${address}. Ábrelo en este navegador para iniciar sesión.`,
        code: (address) => `Enviamos un código a ${address}. Escríbelo aquí.`,
        relay: (address) => `Enviamos un enlace a ${address}. Ábrelo y escribe aquí el código que te muestra.`,
      },
      noCookies: {
        code: 'Este navegador no guarda nuestras cookies, así que con el enlace del correo no puedes iniciar sesión aquí. Con el código sí, mientras esta página siga abierta.',
        link: 'Este navegador no guarda nuestras cookies, así que con el enlace no puedes iniciar sesión aquí. Con el código que te muestra sí, mientras esta página siga abierta.',
      },
      label: 'Código',
      relayHint: 'Si abres el enlace en otro dispositivo, te muestra un código de 8 dígitos. Escríbelo aquí.',
      button: signIn,
      busy: 'Iniciando sesión…',
      empty: 'Primero escribe el código y después presiona el botón.',
      wrong: (triesLeft) =>
        `Este código no coincide. ${triesLeft === 1 ? 'Te queda un intento' : `Te quedan ${triesLeft} intentos`}.`,
      expired: 'Este código caducó: cada código funciona solo durante un tiempo. Podemos enviarte un correo nuevo.',
      tooMany: 'Hubo muchos intentos en poco tiempo. Espera un minuto y presiona el botón otra vez.',
      locked: {
        heading: 'Demasiados códigos que no coinciden',
        withLink:
          'Para proteger tu cuenta, ese código dejó de funcionar. El enlace de tu correo todavía funciona: ábrelo en este navegador.',
        withoutLink: 'Para proteger tu cuenta, ese código dejó de funcionar.',
        next: 'También podemos enviarte un correo nuevo.',
      },
      resent: 'Un correo nuevo va en camino.',
      resend: 'Enviarme otro correo',
      resendBusy: 'Enviando otro correo…',
      resendLater: 'Otro correo en {time}',
      opened: 'Ya abrí el enlace',
      help: '¿No llegó nada después de un minuto? Mira en la carpeta de spam y comprueba que la dirección esté bien.',
      back: 'Usar otra dirección',
    },
    elsewhere: {
      heading: 'Termina donde empezaste',
      lead: (app, address) =>
        `Alguien pidió iniciar sesión en ${the(app)} como ${address} desde otro navegador. Si fuiste tú, te mostramos un código para que lo escribas allí.`,
      next: 'Aquí no se iniciará la sesión.',
      button: 'Mostrar el código',
      busy: 'Buscando el código…',
      notYou: '¿No fuiste tú? Cierra esta página. Sin el código, nadie puede entrar.',
    },
    relay: {
      heading: 'Escribe este código donde empezaste',
      lead: (app) =>
        `Vuelve al navegador donde pediste iniciar sesión en ${the(app)}. Allí la página espera este código.`,
      keep: 'No lo compartas: quien lo tenga puede iniciar sesión como si fueras tú. Nadie lo necesita para ayudarte.',
      here: '¿Prefieres iniciar sesión en este dispositivo?',
      button: 'Enviarme un enlace para este dispositivo',
      busy: 'Enviando un enlace…',
    },
    switched: {
      heading: '¿Con qué cuenta?',
      current: (address) => `Aquí tienes la sesión iniciada como ${address}.`,
      lead: (address) => `El enlace que abriste es para iniciar sesión como ${address}.`,
      button: (address) => `Iniciar sesión como ${address}`,
      busy: 'Iniciando sesión…',
      stay: (address) => `Seguir como ${address}`,
    },
    done: {
      heading: signedIn,
      lead: 'Lo hiciste en otra pestaña. Puedes cerrar esta página o continuar desde aquí.',
      goOn,
    },
    refused: {
      heading: 'Aquí no podemos iniciar tu sesión',
      lead: 'No es culpa tuya: la aplicación nos envió algo a lo que no podemos responder.',
      next: 'Vuelve atrás y prueba otra vez. Si llegas aquí de nuevo, avisa al equipo de la aplicación.',
      detail: 'Para ese equipo',
    },
    late: {
      heading: 'Esta página estuvo abierta mucho tiempo',
      lead: 'Para proteger tu cuenta, funciona solo durante un día. No pasó nada y no se perdió nada.',
      next: 'Empieza de nuevo y funcionará.',
      button: 'Empezar de nuevo',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Tu cuenta' : `Tu cuenta de ${app}`),
    address: 'Dirección de correo',
    phone: 'Número de teléfono',
    name: 'Nombre',
    places: 'Dónde tienes la sesión iniciada',
    thisBrowser: 'Este navegador',
    unknownBrowser: 'Un navegador que no conocemos',
    since: (moment) => `Desde: ${moment}`,
    lastActive: (moment) => `Última actividad: ${moment}`,
    end: 'Cerrar sesión allí',
    endBusy: 'Cerrando sesión…',
    ended: 'Listo: la sesión en ese navegador está cerrada.',
    signOut: 'Cerrar sesión aquí',
    signOutEverywhere: 'Cerrar sesión en todas partes',
    signOutBusy: 'Cerrando sesión…',
    confirm: {
      heading: (app) => (app === null ? 'Cerrar sesión' : `Cerrar sesión en ${app}`),
      lead: 'Se cerrará tu sesión en este navegador. Para volver, necesitarás un correo nuevo.',
      stay: 'No cerrar sesión',
    },
    signedOut: {
      heading: (app) => (app === null ? 'Sesión cerrada' : `Sesión cerrada en ${app}`),
      lead: 'Puedes cerrar esta página.',
      signIn: 'Iniciar sesión otra vez',
    },
  },

  mail: {
    sender: 'Inicio de sesión',
    codeSubject: (code, app) => `${code} es ${yourCode(app)}`,
    linkSubject: (app) => (app === null ? 'Tu enlace para iniciar sesión' : `Tu enlace para iniciar sesión en ${app}`),
    signUpSubject: (app) =>
      app === null ? 'Tu enlace para iniciar sesión' : `${welcome(app)}: tu enlace para iniciar sesión`,
    preheader: {
      link: (duration) => `El enlace funciona una sola vez, durante ${duration}.`,
      code: (code, duration) => `Escribe ${code} donde lo pediste. Funciona durante ${duration}.`,
      both: (code, duration) => `Presiona el botón o escribe ${code}. Tienes ${duration}.`,
    },
    heading: {
      signIn,
      signUp: welcome,
      code: (app) => (app === null ? 'Tu código para iniciar sesión' : `Tu código de ${app}`),
    },
    linkLead: 'Presiona el botón para iniciar sesión. No necesitas contraseña.',
    linkText: 'Abre este enlace para iniciar sesión. No necesitas contraseña.',
    linkButton: signIn,
    linkValid: (duration) => `El enlace funciona una sola vez, durante ${duration}.`,
    linkCopy: 'Si el botón no hace nada, copia este enlace en tu navegador:',
    codeLead: 'Escribe este código donde lo pediste:',
    codeInstead: 'O escribe este código donde lo pediste:',
    codeValid: (duration) => `El código funciona una sola vez, durante ${duration}.`,
    codeKeep: (app) => `No lo compartas: nadie de ${app ?? 'nuestro equipo'} te lo va a pedir.`,
    notYou: '¿No lo pediste tú? Entonces puedes borrar este correo. Sin él, nadie puede entrar.',
    addressChanged: {
      subject: (app) => `Se cambió tu dirección de correo${app === null ? '' : ` en ${app}`}`,
      heading: 'Se cambió tu dirección de correo',
      lead: (app, moment) =>
        `La dirección de correo de tu cuenta${app === null ? '' : ` de ${app}`} se cambió ${at(moment)}.`,
      effect:
        'Desde ahora, los enlaces y los códigos llegan a la dirección nueva. Si fuiste tú, no tienes que hacer nada.',
      notYou: (app) =>
        `Si no fuiste tú, avisa hoy mismo al equipo de ${the(app)} para que te ayude a recuperar la cuenta.`,
      notYouWrite: (_app, supportAddress) =>
        `Si no fuiste tú, escribe hoy mismo a ${supportAddress} para que te ayudemos a recuperar la cuenta.`,
    },
    signInEnded: {
      subject: (app) => `Cerramos tu sesión${app === null ? '' : ` de ${app}`} en un lugar`,
      heading: 'Cerramos tu sesión en un lugar',
      lead: (app, moment) =>
        `Una de tus sesiones${app === null ? '' : ` de ${app}`} se usó desde dos lugares a la vez, ${at(moment)}, así que la cerramos.`,
      effect:
        'Muchas veces se debe a un fallo de la aplicación, y basta con iniciar sesión otra vez. También puede significar que alguien copió los datos que mantienen tu sesión iniciada.',
      notYou: (app) => `Si no reconoces ese lugar o dispositivo, avisa al equipo de ${the(app)}.`,
      notYouWrite: (_app, supportAddress) => `Si no reconoces ese lugar o dispositivo, escribe a ${supportAddress}.`,
    },
  },

  text: {
    code: (code, app, duration) => `${code} es ${yourCode(app)} (vale ${duration}).`,
    // Without `sesión`: `ó` is not in the alphabet of SMS (GSM 03.38), and one leaves 70 characters instead of 160.
    link: (app, duration) => `Tu enlace para entrar${app === null ? '' : ` en ${app}`} (vale ${duration}):`,
    both: (code, app, duration) => `${code} es ${yourCode(app)} (vale ${duration}). O abre el enlace:`,
    keep: 'No lo compartas.',
  },
} satisfies Messages
