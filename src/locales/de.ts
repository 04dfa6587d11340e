import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'die Anwendung'
const inApp = (app: string | null): string => (app === null ? 'in der Anwendung' : `bei ${app}`)
const team = (app: string | null): string => `das Team hinter ${app ?? 'der Anwendung'}`
const signIn = (app: string | null): string => (app === null ? 'Anmelden' : `Bei ${app} anmelden`)
const signedIn = (app: string | null): string =>
  app === null ? 'Sie sind angemeldet' : `Sie sind bei ${app} angemeldet`
const goOn = (app: string | null): string => (app === null ? 'Weiter zur Anwendung' : `Weiter zu ${app}`)
const yourCode = (app: string | null): string => (app === null ? 'Ihr Code zum Anmelden' : `Ihr Code für ${app}`)

export const de = {
  lang: 'de',
  dir: 'ltr',
  intl: 'de-DE',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${time} am ${day}`,

  asked: { heading: 'Woher diese Anfrage kommt', when: 'Wann', where: 'Wo', browser: 'Browser' },
  help: (address) => `Fragen? Schreiben Sie an ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `Sie melden sich gleich als ${address} an.`,
      leadWithoutAddress: 'Einmal drücken, und Sie sind drin.',
      button: signIn,
      busy: 'Sie werden angemeldet …',
      validUntil: (moment) => `Gültig bis ${moment}.`,
      again: 'Das ist nicht bei uns angekommen. Nichts ist verloren: Drücken Sie noch einmal auf den Button.',
      notYou:
        'Das sind nicht Sie? Dann können Sie diese Seite schließen. Es passiert nichts, solange Sie nicht auf den Button drücken.',
    },
    used: {
      heading: 'Schon benutzt',
      lead: (moment) =>
        `Mit diesem Link hat sich um ${moment} jemand angemeldet. Wenn Sie das waren, ist alles in Ordnung.`,
      leadWithoutTime: 'Mit diesem Link hat sich schon jemand angemeldet. Wenn Sie das waren, ist alles in Ordnung.',
      goOn,
      resend: 'Um sich auch hier anzumelden, lassen Sie sich einen neuen Link senden.',
      next: (app) => `Um sich noch einmal anzumelden, fordern Sie ${inApp(app)} einen neuen Link an.`,
    },
    signedInHere: 'Sie sind hier schon angemeldet und brauchen den Link nicht.',
    expired: {
      heading: 'Dieser Link ist abgelaufen',
      lead: 'Das liegt nicht an Ihnen: Zum Schutz Ihres Kontos funktioniert ein Link nur eine Zeit lang.',
      next: 'Wir können Ihnen gleich einen neuen senden.',
    },
    superseded: {
      heading: 'Es gibt einen neueren Link',
      lead: 'Eine neuere Nachricht hat diese hier ersetzt. Nehmen Sie den Link aus Ihrer neuesten Nachricht.',
      next: 'Wenn Sie sie nicht finden, können wir Ihnen einen neuen Link senden.',
    },
    cancelled: {
      heading: 'Dieser Link wurde zurückgezogen',
      lead: (app) => `Das liegt nicht an Ihnen: Bevor der Link benutzt wurde, hat ${the(app)} ihn zurückgezogen.`,
      next: (app) => `Wenn Sie sich weiterhin anmelden möchten, fordern Sie ${inApp(app)} einen neuen Link an.`,
    },
    junk: {
      heading: 'Dieser Link ist nicht vollständig',
      lead: 'Das liegt nicht an Ihnen: E-Mail-Programme schneiden lange Links manchmal ab.',
      next: 'Kopieren Sie den ganzen Link aus der E-Mail in die Adresszeile Ihres Browsers. Wenn das nicht hilft, fordern Sie dort einen neuen Link an, wo Sie sich anmelden wollten.',
    },
    newLink: {
      button: 'Neuen Link senden',
      busy: 'Neuer Link wird gesendet …',
      elsewhere: (app) => `Um sich anzumelden, fordern Sie ${inApp(app)} einen neuen Link an.`,
    },
    resent: {
      heading: 'Schauen Sie in Ihr Postfach',
      lead: (address) => `Wir senden einen neuen Link an ${address}.`,
      next: 'Meist ist er innerhalb einer Minute da. Wenn Sie ihn nicht finden, schauen Sie in den Spam-Ordner. Diese Seite können Sie schließen.',
      text: {
        heading: 'Schauen Sie auf Ihr Telefon',
        lead: (number) => `Wir senden einen neuen Link an ${number}.`,
        next: 'Meist ist er innerhalb einer Minute da. Diese Seite können Sie schließen.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `Sie haben sich als ${address} angemeldet. Diese Seite können Sie schließen.`,
      leadWithoutAddress: 'Diese Seite können Sie schließen.',
    },
    unavailable: {
      heading: 'Wir können Sie gerade nicht anmelden',
      lead: 'Das liegt an uns, nicht an Ihnen, und es ist nichts verloren.',
      next: 'Warten Sie eine Minute und öffnen Sie dann Ihren Link noch einmal.',
    },
    foreignForm: {
      heading: 'Öffnen Sie Ihren Link noch einmal',
      lead: 'Die Anfrage kam nicht von unserer Seite, deshalb ist nichts passiert. Das liegt selten an Ihnen: Eine andere Website oder eine Browser-Erweiterung kann der Grund sein.',
      next: 'Ihr Link funktioniert weiterhin. Öffnen Sie ihn aus Ihrer Nachricht und drücken Sie dort auf den Button.',
    },
    inactive: {
      heading: 'Dieses Konto ist abgeschaltet',
      lead: (app) =>
        `Ihr Link ist in Ordnung, und Sie haben nichts falsch gemacht. Für dieses Konto hat ${the(app)} die Anmeldung abgeschaltet.`,
      next: (app) => `Nur ${team(app)} kann sie wieder einschalten. Fragen Sie dort nach.`,
    },
    tooMany: {
      heading: 'Warten Sie eine Minute',
      lead: 'Es gab viele Versuche in kurzer Zeit, deshalb machen wir eine kleine Pause. Das müssen nicht Sie gewesen sein.',
      next: 'Nichts ist verloren: Ein Link, den Sie schon haben, funktioniert weiterhin. Versuchen Sie es in einer Minute noch einmal.',
    },
    misdirected: {
      heading: 'Die Anmeldung hat eine andere Adresse',
      lead: 'Das liegt nicht an Ihnen. Unter der Adresse, die Sie geöffnet haben, kann sich niemand anmelden.',
      button: (host) => `Weiter zu ${host}`,
    },
    notFound: {
      heading: 'Hier ist nichts',
      lead: 'Vielleicht enthält die Adresse einen Tippfehler, oder die Seite ist umgezogen.',
      next: 'Um sich anzumelden, beginnen Sie in der Anwendung, oder öffnen Sie Ihren Link noch einmal.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'Geben Sie Ihre E-Mail-Adresse ein. Wir senden Ihnen eine E-Mail, mit der Sie sich anmelden, ganz ohne Passwort.',
      label: 'E-Mail-Adresse',
      button: 'E-Mail zum Anmelden senden',
      busy: 'E-Mail wird gesendet …',
      empty: 'Geben Sie zuerst Ihre E-Mail-Adresse ein.',
      unreadable: 'Das sieht nicht nach einer E-Mail-Adresse aus. Ein Beispiel: name@example.com.',
      blocked:
        'Diese Adresse lässt sich hier nicht verwenden. Geben Sie eine andere ein, zum Beispiel Ihre berufliche.',
      tooMany:
        'Es gab viele Versuche in kurzer Zeit. Warten Sie eine Minute und drücken Sie dann noch einmal auf den Button.',
      signedInAs: (address) => `Sie sind hier als ${address} angemeldet.`,
      onceMore: 'Um fortzufahren, melden Sie sich noch einmal an.',
      goOn,
      goOnBusy: 'Es geht weiter …',
      other: 'Oder mit einer anderen Adresse anmelden',
    },
    waiting: {
      heading: 'Schauen Sie in Ihr Postfach',
      lead: {
        both: (address) =>
          `Wir haben einen Link und einen Code an ${address} gesendet. Öffnen Sie den Link in diesem Browser, oder geben Sie den Code hier ein.`,
        link: (address) =>
          `Wir haben einen Link an ${address} gesendet. Öffnen Sie ihn in diesem Browser, und Sie sind angemeldet.`,
        code: (address) => `Wir haben einen Code an ${address} gesendet. Geben Sie ihn hier ein.`,
        relay: (address) =>
          `Wir haben einen Link an ${address} gesendet. Öffnen Sie ihn, und geben Sie den Code, den er zeigt, hier ein.`,
      },
      noCookies: {
        code: 'Dieser Browser speichert keine Cookies von uns, deshalb kann der Link in der E-Mail Sie hier nicht anmelden. Mit dem Code geht es, solange diese Seite offen bleibt.',
        link: 'Dieser Browser speichert keine Cookies von uns, deshalb kann der Link Sie hier nicht anmelden. Mit dem Code, den er zeigt, geht es, solange diese Seite offen bleibt.',
      },
      label: 'Code',
      relayHint:
        'Wenn Sie den Link auf einem anderen Gerät öffnen, zeigt er einen Code aus 8 Ziffern. Geben Sie ihn hier ein.',
      button: signIn,
      busy: 'Sie werden angemeldet …',
      empty: 'Geben Sie zuerst den Code ein und drücken Sie dann auf den Button.',
      wrong: (triesLeft) =>
        `Dieser Code passt nicht. Sie haben noch ${triesLeft === 1 ? 'einen Versuch' : `${triesLeft} Versuche`}.`,
      expired:
        'Dieser Code ist abgelaufen: Ein Code funktioniert nur eine Zeit lang. Wir können Ihnen eine neue E-Mail senden.',
      tooMany:
        'Es gab viele Versuche in kurzer Zeit. Warten Sie eine Minute und drücken Sie dann noch einmal auf den Button.',
      locked: {
        heading: 'Zu viele falsche Codes',
        withLink:
          'Zum Schutz Ihres Kontos funktioniert der Code nicht mehr. Der Link in Ihrer E-Mail funktioniert weiterhin: Öffnen Sie ihn in diesem Browser.',
        withoutLink: 'Zum Schutz Ihres Kontos funktioniert der Code nicht mehr.',
        next: 'Wir können Ihnen auch eine neue E-Mail senden.',
      },
      resent: 'Eine neue E-Mail ist unterwegs.',
      resend: 'Neue E-Mail senden',
      resendBusy: 'Neue E-Mail wird gesendet …',
      resendLater: 'Neue E-Mail in {time}',
      opened: 'Ich habe den Link geöffnet',
      help: 'Nach einer Minute noch nichts da? Schauen Sie in den Spam-Ordner, und prüfen Sie, ob die Adresse stimmt.',
      back: 'Andere Adresse verwenden',
    },
    elsewhere: {
      heading: 'Machen Sie dort weiter, wo Sie begonnen haben',
      lead: (app, address) =>
        `In einem anderen Browser möchte sich jemand als ${address} ${inApp(app)} anmelden. Wenn Sie das sind, zeigen wir Ihnen einen Code, den Sie dort eingeben.`,
      next: 'Hier werden Sie nicht angemeldet.',
      button: 'Code anzeigen',
      busy: 'Code wird geholt …',
      notYou: 'Das sind nicht Sie? Dann schließen Sie diese Seite. Ohne den Code kommt niemand hinein.',
    },
    relay: {
      heading: 'Geben Sie diesen Code dort ein, wo Sie begonnen haben',
      lead: (app) =>
        `Gehen Sie zurück zu dem Browser, in dem Sie sich ${inApp(app)} anmelden wollten. Die Seite dort wartet auf diesen Code.`,
      keep: 'Behalten Sie ihn für sich: Wer ihn hat, kann sich als Sie anmelden. Niemand, der Ihnen hilft, braucht ihn.',
      here: 'Möchten Sie sich lieber auf diesem Gerät anmelden?',
      button: 'Link für dieses Gerät senden',
      busy: 'Link wird gesendet …',
    },
    switched: {
      heading: 'Welches Konto?',
      current: (address) => `Sie sind hier als ${address} angemeldet.`,
      lead: (address) => `Der Link, den Sie geöffnet haben, gehört zu ${address}.`,
      button: (address) => `Als ${address} anmelden`,
      busy: 'Sie werden angemeldet …',
      stay: (address) => `Als ${address} angemeldet bleiben`,
    },
    done: {
      heading: signedIn,
      lead: 'Das ist in einem anderen Tab passiert. Sie können diese Seite schließen oder hier weitermachen.',
      goOn,
    },
    refused: {
      heading: 'Wir können Sie hier nicht anmelden',
      lead: 'Das liegt nicht an Ihnen: Die Anwendung hat uns etwas gesendet, womit wir nichts anfangen können.',
      next: 'Gehen Sie zurück und versuchen Sie es noch einmal. Wenn Sie wieder hier landen, sagen Sie dem Team hinter der Anwendung Bescheid.',
      detail: 'Für dieses Team',
    },
    late: {
      heading: 'Diese Seite war lange offen',
      lead: 'Zum Schutz Ihres Kontos funktioniert sie nur einen Tag lang. Es ist nichts passiert und nichts verloren.',
      next: 'Beginnen Sie neu, dann klappt es.',
      button: 'Neu beginnen',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Ihr Konto' : `Ihr Konto bei ${app}`),
    address: 'E-Mail-Adresse',
    phone: 'Telefonnummer',
    name: 'Name',
    places: 'Wo Sie angemeldet sind',
    thisBrowser: 'Dieser Browser',
    unknownBrowser: 'Ein Browser, den wir nicht kennen',
    since: (moment) => `Angemeldet um ${moment}`,
    lastActive: (moment) => `Zuletzt aktiv um ${moment}`,
    end: 'Dort abmelden',
    endBusy: 'Wird abgemeldet …',
    ended: 'Erledigt: Dort sind Sie abgemeldet.',
    signOut: 'Hier abmelden',
    signOutEverywhere: 'Überall abmelden',
    signOutBusy: 'Sie werden abgemeldet …',
    confirm: {
      heading: (app) => (app === null ? 'Abmelden' : `Bei ${app} abmelden`),
      lead: 'Sie werden in diesem Browser abgemeldet. Um zurückzukommen, brauchen Sie eine neue E-Mail.',
      stay: 'Angemeldet bleiben',
    },
    signedOut: {
      heading: (app) => (app === null ? 'Sie sind abgemeldet' : `Sie sind bei ${app} abgemeldet`),
      lead: 'Diese Seite können Sie schließen.',
      signIn: 'Wieder anmelden',
    },
  },

  mail: {
    sender: 'Anmeldung',
    codeSubject: (code, app) => `${code} ist ${yourCode(app)}`,
    linkSubject: (app) => (app === null ? 'Ihr Link zum Anmelden' : `Ihr Link zum Anmelden bei ${app}`),
    signUpSubject: (app) => (app === null ? 'Ihr Link zum Anmelden' : `Willkommen bei ${app}: Ihr Link zum Anmelden`),
    preheader: {
      link: (duration) => `Der Link funktioniert einmal und gilt ${duration}.`,
      code: (code, duration) => `Geben Sie ${code} dort ein, wo Sie den Code angefordert haben. Er gilt ${duration}.`,
      both: (code, duration) => `Drücken Sie auf den Button, oder geben Sie ${code} ein. Der Code gilt ${duration}.`,
    },
    heading: {
      signIn,
      signUp: (app) => (app === null ? 'Willkommen' : `Willkommen bei ${app}`),
      code: yourCode,
    },
    linkLead: 'Drücken Sie auf den Button, um sich anzumelden. Ein Passwort brauchen Sie nicht.',
    linkText: 'Öffnen Sie diesen Link, um sich anzumelden. Ein Passwort brauchen Sie nicht.',
    linkButton: signIn,
    linkValid: (duration) => `Der Link funktioniert einmal und gilt ${duration}.`,
    linkCopy: 'Wenn der Button nichts tut, kopieren Sie diesen Link in Ihren Browser:',
    codeLead: 'Geben Sie diesen Code dort ein, wo Sie ihn angefordert haben:',
    codeInstead: 'Oder geben Sie diesen Code dort ein, wo Sie ihn angefordert haben:',
    codeValid: (duration) => `Der Code funktioniert einmal und gilt ${duration}.`,
    codeKeep: (app) => `Behalten Sie ihn für sich: Niemand von ${app ?? 'uns'} wird Sie danach fragen.`,
    notYou: 'Sie haben das nicht angefordert? Dann können Sie diese E-Mail löschen. Ohne sie kommt niemand hinein.',
    addressChanged: {
      subject: (app) =>
        app === null ? 'Ihre E-Mail-Adresse wurde geändert' : `Ihre E-Mail-Adresse für ${app} wurde geändert`,
      heading: 'Ihre E-Mail-Adresse wurde geändert',
      lead: (app, moment) =>
        app === null
          ? `Die E-Mail-Adresse Ihres Kontos wurde um ${moment} geändert.`
          : `Die E-Mail-Adresse Ihres Kontos bei ${app} wurde um ${moment} geändert.`,
      effect: 'Links und Codes gehen ab jetzt an die neue Adresse. Wenn Sie das waren, müssen Sie nichts weiter tun.',
      notYou: (app) =>
        `Wenn Sie das nicht waren, informieren Sie noch heute ${team(app)}. Dort hilft man Ihnen, das Konto zurückzubekommen.`,
      notYouWrite: (_app, supportAddress) =>
        `Wenn Sie das nicht waren, schreiben Sie noch heute an ${supportAddress}. Wir helfen Ihnen, das Konto zurückzubekommen.`,
    },
    signInEnded: {
      subject: (app) =>
        app === null ? 'Wir haben Sie an einem Ort abgemeldet' : `Wir haben Sie an einem Ort bei ${app} abgemeldet`,
      heading: 'Wir haben Sie an einem Ort abgemeldet',
      lead: (app, moment) =>
        app === null
          ? `Um ${moment} wurde eine Ihrer Anmeldungen an zwei Orten gleichzeitig benutzt. Deshalb haben wir sie beendet.`
          : `Um ${moment} wurde eine Ihrer Anmeldungen bei ${app} an zwei Orten gleichzeitig benutzt. Deshalb haben wir sie beendet.`,
      effect:
        'Oft steckt ein Fehler der Anwendung dahinter. Dann müssen Sie sich nur wieder anmelden. Es kann aber auch sein, dass jemand kopiert hat, was Sie angemeldet hält.',
      notYou: (app) => `Wenn Sie den Ort oder das Gerät nicht kennen, informieren Sie ${team(app)}.`,
      notYouWrite: (_app, supportAddress) =>
        `Wenn Sie den Ort oder das Gerät nicht kennen, schreiben Sie an ${supportAddress}.`,
    },
  },

  text: {
    code: (code, app, duration) => `${code} ist ${yourCode(app)}, gültig ${duration}.`,
    link: (app, duration) => `Ihr Link zum Anmelden${app === null ? '' : ` bei ${app}`}, gültig ${duration}:`,
    both: (code, app, duration) => `${code} ist ${yourCode(app)}, gültig ${duration}. Oder öffnen Sie den Link:`,
    keep: 'Behalten Sie das für sich.',
  },
} satisfies Messages
