import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'l’applicazione'
const onApp = (app: string | null): string => (app === null ? 'nell’applicazione' : `su ${app}`)
const to = (app: string | null): string => {
  if (app === null) return 'all’applicazione'
  return /^a/i.test(app) ? `ad ${app}` : `a ${app}`
}
const team = (app: string | null): string => `il team che gestisce ${the(app)}`
const signIn = (app: string | null): string => (app === null ? 'Accedi' : `Accedi ${to(app)}`)
const signedIn = (app: string | null): string =>
  app === null ? 'Hai effettuato l’accesso' : `Hai effettuato l’accesso ${to(app)}`
const goOn = (app: string | null): string => `Continua ${onApp(app)}`
const yourCode = (app: string | null): string =>
  app === null ? 'il tuo codice per accedere' : `il tuo codice per ${app}`

export const it = {
  lang: 'it',
  dir: 'ltr',
  intl: 'it-IT',

  firstOfMonth: '1',
  // Not "del 21 novembre": before 8 and 11 it would have to be "dell’".
  timeOnDay: (time, day) => `${time} (${day})`,

  asked: { heading: 'Da dove arriva questa richiesta', when: 'Quando', where: 'Dove', browser: 'Browser' },
  help: (address) => `Domande? Scrivi a ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `Stai per accedere come ${address}.`,
      leadWithoutAddress: 'Premi il pulsante ed è fatta.',
      button: signIn,
      busy: 'Accesso in corso…',
      validUntil: (moment) => `Valido fino alle ${moment}.`,
      again: 'La richiesta non ci è arrivata. Niente è andato perso: premi ancora una volta il pulsante.',
      notYou: 'Non sei tu? Puoi chiudere questa pagina. Non succede niente finché non premi il pulsante.',
    },
    used: {
      heading: 'Link già usato',
      lead: (moment) => `Questo link è stato usato alle ${moment} per accedere. Se l’hai usato tu, è tutto a posto.`,
      leadWithoutTime: 'Questo link è già stato usato per accedere. Se l’hai usato tu, è tutto a posto.',
      goOn,
      resend: 'Per accedere anche qui, fatti inviare un nuovo link.',
      next: (app) => `Per accedere di nuovo, chiedi un nuovo link ${onApp(app)}.`,
    },
    signedInHere: 'Qui hai già effettuato l’accesso: il link non ti serve.',
    expired: {
      heading: 'Questo link è scaduto',
      lead: 'Non dipende da te: per proteggere il tuo account, un link funziona solo per un po’.',
      next: 'Possiamo inviartene subito uno nuovo.',
    },
    superseded: {
      heading: 'C’è un link più recente',
      lead: 'Un messaggio più recente ha sostituito questo. Usa il link dell’ultimo messaggio che hai ricevuto.',
      next: 'Se non lo trovi, possiamo inviarti un nuovo link.',
    },
    cancelled: {
      heading: 'Questo link è stato ritirato',
      lead: (app) => `Non dipende da te: ${the(app)} ha ritirato questo link prima che fosse usato.`,
      next: (app) => `Se vuoi ancora accedere, chiedi un nuovo link ${onApp(app)}.`,
    },
    junk: {
      heading: 'Questo link è incompleto',
      lead: 'Non dipende da te: a volte i programmi di posta tagliano i link lunghi.',
      next: 'Copia tutto il link dall’email nella barra degli indirizzi del browser. Se non basta, chiedi un nuovo link dove volevi accedere.',
    },
    newLink: {
      button: 'Inviami un nuovo link',
      busy: 'Invio del nuovo link…',
      elsewhere: (app) => `Per accedere, chiedi un nuovo link ${onApp(app)}.`,
    },
    resent: {
      heading: 'Controlla la tua email',
      lead: (address) => `Stiamo inviando un nuovo link a ${address}.`,
      next: 'Di solito arriva entro un minuto. Se non lo trovi, guarda nella cartella spam. Puoi chiudere questa pagina.',
      text: {
        heading: 'Controlla il telefono',
        lead: (number) => `Stiamo inviando un nuovo link al numero ${number}.`,
        next: 'Di solito arriva entro un minuto. Puoi chiudere questa pagina.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `Hai effettuato l’accesso come ${address}. Puoi chiudere questa pagina.`,
      leadWithoutAddress: 'Puoi chiudere questa pagina.',
    },
    unavailable: {
      heading: 'In questo momento non puoi accedere',
      lead: 'Il problema è nostro, non tuo, e niente è andato perso.',
      next: 'Aspetta un minuto, poi apri di nuovo il link.',
    },
    foreignForm: {
      heading: 'Apri di nuovo il link',
      lead: 'La richiesta non veniva dalla nostra pagina, quindi non è successo niente. Di rado dipende da te: può essere stato un altro sito o un’estensione del browser.',
      next: 'Il tuo link funziona ancora. Aprilo dal messaggio e premi il pulsante.',
    },
    inactive: {
      heading: 'Questo account è disattivato',
      lead: (app) =>
        `Il tuo link va bene e non hai sbagliato niente, ma ${the(app)} ha disattivato l’accesso per questo account.`,
      next: (app) => `Solo ${team(app)} può riattivarlo. Chiedi a loro.`,
    },
    tooMany: {
      heading: 'Aspetta un minuto',
      lead: 'Ci sono stati molti tentativi in poco tempo, quindi facciamo una breve pausa. Non è detto che dipenda da te.',
      next: 'Niente è andato perso: se hai già un link, funziona ancora. Riprova tra un minuto.',
    },
    misdirected: {
      heading: 'Si accede da un altro indirizzo',
      lead: 'Non dipende da te. Dall’indirizzo che hai aperto non può accedere nessuno.',
      button: (host) => `Vai su ${host}`,
    },
    notFound: {
      heading: 'Qui non c’è niente',
      lead: 'Forse c’è un errore di battitura nell’indirizzo, oppure la pagina è stata spostata.',
      next: 'Per accedere, parti dall’applicazione o apri di nuovo il link.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'Inserisci il tuo indirizzo email: ti inviamo un’email per accedere, senza password.',
      label: 'Indirizzo email',
      button: 'Inviami l’email per accedere',
      busy: 'Invio dell’email…',
      empty: 'Inserisci prima il tuo indirizzo email.',
      unreadable: 'Non sembra un indirizzo email. Ecco un esempio: nome@example.com.',
      blocked: 'Questo indirizzo non si può usare qui. Inseriscine un altro, per esempio quello di lavoro.',
      tooMany: 'Ci sono stati molti tentativi in poco tempo. Aspetta un minuto, poi premi di nuovo il pulsante.',
      signedInAs: (address) => `Qui hai effettuato l’accesso come ${address}.`,
      onceMore: 'Per continuare, accedi ancora una volta.',
      goOn,
      goOnBusy: 'Un attimo…',
      other: 'Oppure accedi con un altro indirizzo',
    },
    waiting: {
      heading: 'Controlla la tua email',
      lead: {
        both: (address) =>
          `Abbiamo inviato un link e un codice a ${address}. Apri il link in questo browser oppure inserisci qui il codice.`,
        link: (address) => `Abbiamo inviato un link a ${address}. Aprilo in questo browser e l’accesso è fatto.`,
        code: (address) => `Abbiamo inviato un codice a ${address}. Inseriscilo qui.`,
        relay: (address) => `Abbiamo inviato un link a ${address}. Aprilo e inserisci qui il codice che mostra.`,
      },
      noCookies: {
        code: 'Questo browser non conserva i nostri cookie, quindi con il link nell’email non puoi accedere qui. Con il codice sì, finché questa pagina resta aperta.',
        link: 'Questo browser non conserva i nostri cookie, quindi con il link non puoi accedere qui. Con il codice che mostra sì, finché questa pagina resta aperta.',
      },
      label: 'Codice',
      relayHint: 'Se apri il link su un altro dispositivo, vedrai un codice di 8 cifre. Inseriscilo qui.',
      button: signIn,
      busy: 'Accesso in corso…',
      empty: 'Inserisci prima il codice, poi premi il pulsante.',
      wrong: (triesLeft) =>
        `Questo codice non corrisponde. ${triesLeft === 1 ? 'Ti resta un tentativo' : `Ti restano ${triesLeft} tentativi`}.`,
      expired: 'Questo codice è scaduto: un codice funziona solo per un po’. Possiamo inviarti una nuova email.',
      tooMany: 'Ci sono stati molti tentativi in poco tempo. Aspetta un minuto, poi premi di nuovo il pulsante.',
      locked: {
        heading: 'Troppi codici sbagliati',
        withLink:
          'Per proteggere il tuo account, quel codice non funziona più. Il link nell’email funziona ancora: aprilo in questo browser.',
        withoutLink: 'Per proteggere il tuo account, quel codice non funziona più.',
        next: 'Possiamo anche inviarti una nuova email.',
      },
      resent: 'Una nuova email è in arrivo.',
      resend: 'Inviami una nuova email',
      resendBusy: 'Invio della nuova email…',
      resendLater: 'Nuova email tra {time}',
      opened: 'Ho aperto il link',
      help: 'Dopo un minuto non c’è ancora niente? Guarda nella cartella spam e controlla che l’indirizzo sia giusto.',
      back: 'Usa un altro indirizzo',
    },
    elsewhere: {
      heading: 'Finisci dove hai iniziato',
      lead: (app, address) =>
        `In un altro browser qualcuno ha chiesto di accedere ${to(app)} come ${address}. Se sei tu, ti mostriamo un codice da inserire lì.`,
      next: 'L’accesso avverrà lì, non qui.',
      button: 'Mostrami il codice',
      busy: 'Il codice sta arrivando…',
      notYou: 'Non sei tu? Chiudi questa pagina. Senza il codice non entra nessuno.',
    },
    relay: {
      heading: 'Inserisci questo codice dove hai iniziato',
      lead: (app) => `Torna al browser in cui hai chiesto di accedere ${to(app)}. La pagina aspetta questo codice.`,
      keep: 'Tienilo per te: chi ce l’ha può accedere al posto tuo. Chi ti aiuta non ne ha bisogno.',
      here: 'Preferisci accedere su questo dispositivo?',
      button: 'Inviami un link per questo dispositivo',
      busy: 'Invio del link…',
    },
    switched: {
      heading: 'Quale account?',
      current: (address) => `Qui hai effettuato l’accesso come ${address}.`,
      lead: (address) => `Il link che hai aperto serve per accedere come ${address}.`,
      button: (address) => `Accedi come ${address}`,
      busy: 'Accesso in corso…',
      stay: (address) => `Continua come ${address}`,
    },
    done: {
      heading: signedIn,
      lead: 'È successo in un’altra scheda. Puoi chiudere questa pagina o continuare da qui.',
      goOn,
    },
    refused: {
      heading: 'Da qui non puoi accedere',
      lead: 'Non dipende da te: l’applicazione ci ha inviato una richiesta a cui non possiamo rispondere.',
      next: 'Torna indietro e riprova. Se arrivi di nuovo qui, avvisa il team che gestisce l’applicazione.',
      detail: 'Per questo team',
    },
    late: {
      heading: 'Questa pagina è rimasta aperta a lungo',
      lead: 'Per proteggere il tuo account, funziona per un giorno. Non è successo niente e niente è andato perso.',
      next: 'Ricomincia e funzionerà.',
      button: 'Ricomincia',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Il tuo account' : `Il tuo account ${app}`),
    address: 'Indirizzo email',
    phone: 'Numero di telefono',
    name: 'Nome',
    places: 'Dove hai effettuato l’accesso',
    thisBrowser: 'Questo browser',
    unknownBrowser: 'Un browser che non conosciamo',
    since: (moment) => `Accesso alle ${moment}`,
    lastActive: (moment) => `Ultima attività alle ${moment}`,
    end: 'Disconnetti',
    endBusy: 'Disconnessione…',
    ended: 'Fatto: quel browser è disconnesso.',
    signOut: 'Disconnettiti qui',
    signOutEverywhere: 'Disconnettiti ovunque',
    signOutBusy: 'Disconnessione in corso…',
    confirm: {
      heading: (app) => (app === null ? 'Disconnettiti' : `Disconnettiti da ${app}`),
      lead: 'La disconnessione vale per questo browser. Per rientrare ti servirà una nuova email.',
      stay: 'Mantieni l’accesso',
    },
    signedOut: {
      heading: (app) => (app === null ? 'Disconnessione completata' : `Disconnessione da ${app} completata`),
      lead: 'Puoi chiudere questa pagina.',
      signIn: 'Accedi di nuovo',
    },
  },

  mail: {
    sender: 'Accesso',
    codeSubject: (code, app) => `${code} è ${yourCode(app)}`,
    linkSubject: (app) => (app === null ? 'Il tuo link per accedere' : `Il tuo link per accedere ${to(app)}`),
    signUpSubject: (app) =>
      app === null ? 'Il tuo link per accedere' : `Ti diamo il benvenuto su ${app}: il tuo link per accedere`,
    preheader: {
      link: (duration) => `Il link funziona una sola volta, per ${duration}.`,
      code: (code, duration) => `Inserisci ${code} dove l’hai chiesto. Il codice funziona per ${duration}.`,
      both: (code, duration) => `Premi il pulsante o inserisci ${code}. Il codice funziona per ${duration}.`,
    },
    heading: {
      signIn,
      signUp: (app) => (app === null ? 'Ti diamo il benvenuto' : `Ti diamo il benvenuto su ${app}`),
      code: (app) => (app === null ? 'Il tuo codice per accedere' : `Il tuo codice per ${app}`),
    },
    linkLead: 'Premi il pulsante per accedere, senza password.',
    linkText: 'Apri questo link per accedere, senza password.',
    linkButton: signIn,
    linkValid: (duration) => `Il link funziona una sola volta, per ${duration}.`,
    linkCopy: 'Se il pulsante non fa niente, copia questo link nel browser:',
    codeLead: 'Inserisci questo codice dove l’hai chiesto:',
    codeInstead: 'Oppure inserisci questo codice dove l’hai chiesto:',
    codeValid: (duration) => `Il codice funziona una sola volta, per ${duration}.`,
    codeKeep: (app) =>
      app === null ? 'Tienilo per te: noi non te lo chiederemo mai.' : `Tienilo per te: ${app} non te lo chiederà mai.`,
    notYou: 'Non hai chiesto tu questa email? Puoi eliminarla: senza questa email non entra nessuno.',
    addressChanged: {
      subject: (app) =>
        app === null ? 'Il tuo indirizzo email è stato cambiato' : `Il tuo indirizzo email per ${app} è stato cambiato`,
      heading: 'Il tuo indirizzo email è stato cambiato',
      lead: (app, moment) =>
        `L’indirizzo email del tuo account${app === null ? '' : ` ${app}`} è stato cambiato alle ${moment}.`,
      effect: 'Da ora link e codici arrivano al nuovo indirizzo. Se l’hai cambiato tu, non devi fare altro.',
      notYou: (app) => `Se non l’hai cambiato tu, avvisa oggi stesso ${team(app)}: ti aiuterà a recuperare l’account.`,
      notYouWrite: (_app, supportAddress) =>
        `Se non l’hai cambiato tu, scrivi oggi stesso a ${supportAddress}: ti aiuteremo a recuperare l’account.`,
    },
    signInEnded: {
      subject: (app) =>
        app === null ? 'Abbiamo chiuso uno dei tuoi accessi' : `Abbiamo chiuso uno dei tuoi accessi ${to(app)}`,
      heading: 'Abbiamo chiuso uno dei tuoi accessi',
      lead: (app, moment) =>
        `Alle ${moment} uno dei tuoi accessi${app === null ? '' : ` ${to(app)}`} è stato usato in due posti contemporaneamente, quindi lo abbiamo chiuso.`,
      effect:
        'Spesso è un errore dell’applicazione, e basta accedere di nuovo. Può anche darsi che qualcuno abbia copiato ciò che mantiene attivo il tuo accesso.',
      notYou: (app) => `Se non riconosci il posto o il dispositivo, avvisa ${team(app)}.`,
      notYouWrite: (_app, supportAddress) => `Se non riconosci il posto o il dispositivo, scrivi a ${supportAddress}.`,
    },
  },

  // No `’` here: it would make an SMS one of 70 characters.
  text: {
    code: (code, app, duration) => `${code} è ${yourCode(app)}, valido per ${duration}.`,
    link: (app, duration) => `Il tuo link per accedere${app === null ? '' : ` ${to(app)}`}, valido per ${duration}:`,
    both: (code, app, duration) => `${code} è ${yourCode(app)}, valido per ${duration}. Oppure apri il link:`,
    keep: 'Tienilo per te.',
  },
} satisfies Messages
