import type { Messages } from './messages.ts'

// Before `:`, `?` and `;` stands a narrow no-break space (U+202F).

const the = (app: string | null): string => app ?? 'l’application'
const team = (app: string | null): string => `l’équipe ${app ?? 'de l’application'}`
const fromApp = (app: string | null): string => `depuis ${the(app)}`
const signIn = (app: string | null): string => (app === null ? 'Se connecter' : `Se connecter à ${app}`)
const signedIn = (app: string | null): string => (app === null ? 'Connexion réussie' : `Connexion à ${app} réussie`)
const goOn = (app: string | null): string => `Continuer vers ${the(app)}`
const yourCode = (app: string | null): string => (app === null ? 'votre code de connexion' : `votre code pour ${app}`)

export const fr = {
  lang: 'fr',
  dir: 'ltr',
  intl: 'fr-FR',

  firstOfMonth: '1er',
  timeOnDay: (time, day) => `${time} le ${day}`,

  asked: { heading: 'D’où vient cette demande', when: 'Quand', where: 'Où', browser: 'Navigateur' },
  help: (address) => `Une question ? Écrivez à ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `Vous allez vous connecter avec l’adresse ${address}.`,
      leadWithoutAddress: 'Appuyez sur le bouton, et c’est fait.',
      button: signIn,
      busy: 'Connexion en cours…',
      validUntil: (moment) => `Valable jusqu’à ${moment}.`,
      again: 'Votre demande ne nous est pas parvenue. Rien n’est perdu : appuyez encore une fois sur le bouton.',
      notYou:
        'Ce n’est pas vous ? Vous pouvez fermer cette page. Rien ne se passe tant que vous n’appuyez pas sur le bouton.',
    },
    used: {
      heading: 'Lien déjà utilisé',
      lead: (moment) => `Ce lien a été utilisé à ${moment} pour se connecter. Si c’était vous, tout va bien.`,
      leadWithoutTime: 'Ce lien a déjà été utilisé pour se connecter. Si c’était vous, tout va bien.',
      goOn,
      resend: 'Pour vous connecter ici aussi, demandez un nouveau lien.',
      next: (app) => `Pour vous connecter à nouveau, demandez un nouveau lien ${fromApp(app)}.`,
    },
    signedInHere: 'La connexion est déjà active ici : vous n’avez pas besoin de ce lien.',
    expired: {
      heading: 'Ce lien a expiré',
      lead: 'Vous n’y êtes pour rien : pour protéger votre compte, un lien ne fonctionne qu’un certain temps.',
      next: 'Nous pouvons vous en envoyer un nouveau tout de suite.',
    },
    superseded: {
      heading: 'Il y a un lien plus récent',
      lead: 'Un message plus récent a remplacé celui-ci. Utilisez le lien de votre dernier message.',
      next: 'Si vous ne le trouvez pas, nous pouvons vous envoyer un nouveau lien.',
    },
    cancelled: {
      heading: 'Ce lien a été retiré',
      lead: (app) => `Vous n’y êtes pour rien : ${the(app)} a retiré ce lien avant son utilisation.`,
      next: (app) => `Si vous voulez toujours vous connecter, demandez un nouveau lien ${fromApp(app)}.`,
    },
    junk: {
      heading: 'Ce lien est incomplet',
      lead: 'Vous n’y êtes pour rien : il arrive que les logiciels de messagerie coupent les liens longs.',
      next: 'Copiez le lien entier depuis l’e-mail dans la barre d’adresse de votre navigateur. Si cela ne suffit pas, demandez un nouveau lien là où vous vouliez vous connecter.',
    },
    newLink: {
      button: 'Recevoir un nouveau lien',
      busy: 'Envoi du nouveau lien…',
      elsewhere: (app) => `Pour vous connecter, demandez un nouveau lien ${fromApp(app)}.`,
    },
    resent: {
      heading: 'Consultez vos e-mails',
      lead: (address) => `Nous envoyons un nouveau lien à ${address}.`,
      next: 'Il arrive en général en moins d’une minute. Si vous ne le trouvez pas, regardez dans vos spams. Vous pouvez fermer cette page.',
      text: {
        heading: 'Regardez votre téléphone',
        lead: (number) => `Nous envoyons un nouveau lien au ${number}.`,
        next: 'Il arrive en général en moins d’une minute. Vous pouvez fermer cette page.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `Vous utilisez le compte ${address}. Vous pouvez fermer cette page.`,
      leadWithoutAddress: 'Vous pouvez fermer cette page.',
    },
    unavailable: {
      heading: 'La connexion est impossible pour le moment',
      lead: 'Le problème vient de nous, pas de vous, et rien n’est perdu.',
      next: 'Attendez une minute, puis ouvrez à nouveau votre lien.',
    },
    foreignForm: {
      heading: 'Ouvrez à nouveau votre lien',
      lead: 'La demande ne venait pas de notre page : il ne s’est donc rien passé. Vous n’y êtes sans doute pour rien : un autre site ou une extension du navigateur peut en être la cause.',
      next: 'Votre lien fonctionne toujours. Ouvrez-le depuis votre message et appuyez sur le bouton.',
    },
    inactive: {
      heading: 'Ce compte est désactivé',
      lead: (app) =>
        `Votre lien est bon et vous n’avez rien fait de mal, mais ${the(app)} a désactivé la connexion pour ce compte.`,
      next: (app) => `Seule ${team(app)} peut la réactiver. Contactez-la.`,
    },
    tooMany: {
      heading: 'Attendez une minute',
      lead: 'Il y a eu beaucoup d’essais en peu de temps, nous faisons donc une courte pause. Ce n’était pas forcément vous.',
      next: 'Rien n’est perdu : un lien que vous avez déjà fonctionne toujours. Réessayez dans une minute.',
    },
    misdirected: {
      heading: 'La connexion se fait à une autre adresse',
      lead: 'Vous n’y êtes pour rien. Personne ne peut se connecter à l’adresse que vous avez ouverte.',
      button: (host) => `Aller sur ${host}`,
    },
    notFound: {
      heading: 'Il n’y a rien ici',
      lead: 'L’adresse contient peut-être une faute de frappe, ou la page a changé de place.',
      next: 'Pour vous connecter, commencez depuis l’application, ou ouvrez à nouveau votre lien.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'Saisissez votre adresse e-mail : nous vous envoyons un e-mail pour vous connecter, sans mot de passe.',
      label: 'Adresse e-mail',
      button: 'Recevoir l’e-mail de connexion',
      busy: 'Envoi de l’e-mail…',
      empty: 'Saisissez d’abord votre adresse e-mail.',
      unreadable: 'Cela ne ressemble pas à une adresse e-mail. Voici un exemple : nom@example.com.',
      blocked: 'Cette adresse ne peut pas servir ici. Saisissez-en une autre, par exemple celle de votre travail.',
      tooMany:
        'Il y a eu beaucoup d’essais en peu de temps. Attendez une minute, puis appuyez à nouveau sur le bouton.',
      signedInAs: (address) => `Vous utilisez ici le compte ${address}.`,
      onceMore: 'Pour continuer, connectez-vous encore une fois.',
      goOn,
      goOnBusy: 'Un instant…',
      other: 'Ou se connecter avec une autre adresse',
    },
    waiting: {
      heading: 'Consultez vos e-mails',
      lead: {
        both: (address) =>
          `Nous avons envoyé un lien et un code à ${address}. Ouvrez le lien dans ce navigateur, ou saisissez le code ici.`,
        link: (address) =>
          `Nous avons envoyé un lien à ${address}. Ouvrez-le dans ce navigateur, et la connexion est faite.`,
        code: (address) => `Nous avons envoyé un code à ${address}. Saisissez-le ici.`,
        relay: (address) =>
          `Nous avons envoyé un lien à ${address}. Ouvrez-le, puis saisissez ici le code qui s’affiche.`,
      },
      noCookies: {
        code: 'Ce navigateur ne garde pas nos cookies : le lien de l’e-mail ne peut donc pas vous connecter ici. Le code le peut, tant que cette page reste ouverte.',
        link: 'Ce navigateur ne garde pas nos cookies : le lien ne peut donc pas vous connecter ici. Le code qu’il affiche le peut, tant que cette page reste ouverte.',
      },
      label: 'Code',
      relayHint: 'Si vous ouvrez le lien sur un autre appareil, il affiche un code à 8 chiffres. Saisissez-le ici.',
      button: signIn,
      busy: 'Connexion en cours…',
      empty: 'Saisissez d’abord le code, puis appuyez sur le bouton.',
      wrong: (triesLeft) =>
        `Ce n’est pas le bon code. Il vous reste ${triesLeft === 1 ? 'un' : triesLeft} essai${triesLeft > 1 ? 's' : ''}.`,
      expired:
        'Ce code a expiré : un code ne fonctionne qu’un certain temps. Nous pouvons vous envoyer un nouvel e-mail.',
      tooMany:
        'Il y a eu beaucoup d’essais en peu de temps. Attendez une minute, puis appuyez à nouveau sur le bouton.',
      locked: {
        heading: 'Trop de codes incorrects',
        withLink:
          'Pour protéger votre compte, ce code ne fonctionne plus. Le lien de votre e-mail fonctionne toujours : ouvrez-le dans ce navigateur.',
        withoutLink: 'Pour protéger votre compte, ce code ne fonctionne plus.',
        next: 'Nous pouvons aussi vous envoyer un nouvel e-mail.',
      },
      resent: 'Un nouvel e-mail est en route.',
      resend: 'Recevoir un nouvel e-mail',
      resendBusy: 'Envoi du nouvel e-mail…',
      resendLater: 'Nouvel e-mail dans {time}',
      opened: 'J’ai ouvert le lien',
      help: 'Toujours rien après une minute ? Regardez dans vos spams et vérifiez que l’adresse est la bonne.',
      back: 'Utiliser une autre adresse',
    },
    elsewhere: {
      heading: 'Terminez là où vous avez commencé',
      lead: (app, address) =>
        `Quelqu’un veut se connecter à ${the(app)} avec l’adresse ${address} dans un autre navigateur. Si c’est vous, nous vous affichons un code à saisir là-bas.`,
      next: 'La connexion se fera là-bas, pas ici.',
      button: 'Afficher le code',
      busy: 'Préparation du code…',
      notYou: 'Ce n’est pas vous ? Fermez cette page. Sans le code, personne ne peut entrer.',
    },
    relay: {
      heading: 'Saisissez ce code là où vous avez commencé',
      lead: (app) =>
        `Retournez dans le navigateur où vous vouliez vous connecter à ${the(app)}. La page y attend ce code.`,
      keep: 'Gardez-le pour vous : toute personne qui a ce code peut se connecter à votre place. Personne n’en a besoin pour vous aider.',
      here: 'Vous préférez vous connecter sur cet appareil ?',
      button: 'Recevoir un lien pour cet appareil',
      busy: 'Envoi du lien…',
    },
    switched: {
      heading: 'Quel compte ?',
      current: (address) => `Vous utilisez ici le compte ${address}.`,
      lead: (address) => `Le lien que vous avez ouvert est celui du compte ${address}.`,
      button: (address) => `Se connecter avec ${address}`,
      busy: 'Connexion en cours…',
      stay: (address) => `Rester avec ${address}`,
    },
    done: {
      heading: signedIn,
      lead: 'Cela s’est fait dans un autre onglet. Vous pouvez fermer cette page, ou continuer ici.',
      goOn,
    },
    refused: {
      heading: 'La connexion est impossible ici',
      lead: 'Vous n’y êtes pour rien : l’application nous a envoyé une demande que nous ne pouvons pas traiter.',
      next: 'Revenez en arrière et réessayez. Si vous retombez sur cette page, prévenez l’équipe de l’application.',
      detail: 'Pour cette équipe',
    },
    late: {
      heading: 'Cette page est restée ouverte longtemps',
      lead: 'Pour protéger votre compte, elle ne fonctionne qu’une journée. Il ne s’est rien passé, et rien n’est perdu.',
      next: 'Recommencez, et cela marchera.',
      button: 'Recommencer',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Votre compte' : `Votre compte ${app}`),
    address: 'Adresse e-mail',
    phone: 'Numéro de téléphone',
    name: 'Nom',
    places: 'Vos connexions en cours',
    thisBrowser: 'Ce navigateur',
    unknownBrowser: 'Un navigateur que nous ne connaissons pas',
    since: (moment) => `Connexion à ${moment}`,
    lastActive: (moment) => `Dernière activité à ${moment}`,
    end: 'Déconnecter',
    endBusy: 'Déconnexion…',
    ended: 'C’est fait : l’autre navigateur est déconnecté.',
    signOut: 'Se déconnecter ici',
    signOutEverywhere: 'Se déconnecter partout',
    signOutBusy: 'Déconnexion en cours…',
    confirm: {
      heading: (app) => (app === null ? 'Se déconnecter' : `Se déconnecter de votre compte ${app}`),
      lead: 'La déconnexion ne concerne que ce navigateur. Pour revenir, il vous faudra un nouvel e-mail.',
      stay: 'Ne pas se déconnecter',
    },
    signedOut: {
      heading: (app) => (app === null ? 'Déconnexion réussie' : `Déconnexion réussie de votre compte ${app}`),
      lead: 'Vous pouvez fermer cette page.',
      signIn: 'Se connecter à nouveau',
    },
  },

  mail: {
    sender: 'Connexion',
    codeSubject: (code, app) => `${code} est ${yourCode(app)}`,
    linkSubject: (app) => (app === null ? 'Votre lien pour vous connecter' : `Votre lien pour vous connecter à ${app}`),
    signUpSubject: (app) =>
      app === null ? 'Votre lien pour vous connecter' : `Bienvenue sur ${app} : votre lien pour vous connecter`,
    preheader: {
      link: (duration) => `Le lien fonctionne une seule fois, pendant ${duration}.`,
      code: (code, duration) => `Saisissez ${code} là où vous l’avez demandé. Le code fonctionne pendant ${duration}.`,
      both: (code, duration) => `Appuyez sur le bouton, ou saisissez ${code}. Le code fonctionne pendant ${duration}.`,
    },
    heading: {
      signIn,
      signUp: (app) => (app === null ? 'Bienvenue' : `Bienvenue sur ${app}`),
      code: (app) => (app === null ? 'Votre code de connexion' : `Votre code pour ${app}`),
    },
    linkLead: 'Appuyez sur le bouton pour vous connecter, sans mot de passe.',
    linkText: 'Ouvrez ce lien pour vous connecter, sans mot de passe.',
    linkButton: signIn,
    linkValid: (duration) => `Le lien fonctionne une seule fois, pendant ${duration}.`,
    linkCopy: 'Si le bouton ne fait rien, copiez ce lien dans votre navigateur :',
    codeLead: 'Saisissez ce code là où vous l’avez demandé :',
    codeInstead: 'Ou saisissez ce code là où vous l’avez demandé :',
    codeValid: (duration) => `Le code fonctionne une seule fois, pendant ${duration}.`,
    codeKeep: (app) => `Gardez-le pour vous : personne chez ${app ?? 'nous'} ne vous le demandera.`,
    notYou: 'Vous n’avez rien demandé ? Vous pouvez supprimer cet e-mail. Sans lui, personne ne peut entrer.',
    addressChanged: {
      subject: (app) =>
        app === null ? 'Votre adresse e-mail a été modifiée' : `Votre adresse e-mail pour ${app} a été modifiée`,
      heading: 'Votre adresse e-mail a été modifiée',
      lead: (app, moment) =>
        `L’adresse e-mail de votre compte${app === null ? '' : ` ${app}`} a été modifiée à ${moment}.`,
      effect:
        'À partir de maintenant, les liens et les codes arrivent à la nouvelle adresse. Si c’était vous, vous n’avez rien à faire.',
      notYou: (app) =>
        `Si ce n’était pas vous, prévenez ${team(app)} dès aujourd’hui, pour qu’elle vous aide à récupérer le compte.`,
      notYouWrite: (_app, supportAddress) =>
        `Si ce n’était pas vous, écrivez à ${supportAddress} dès aujourd’hui, pour que nous vous aidions à récupérer le compte.`,
    },
    signInEnded: {
      subject: (app) =>
        app === null
          ? 'Nous avons mis fin à une de vos connexions'
          : `Nous avons mis fin à une de vos connexions à ${app}`,
      heading: 'Nous avons mis fin à une de vos connexions',
      lead: (app, moment) =>
        `À ${moment}, une de vos connexions${app === null ? '' : ` à ${app}`} a servi à deux endroits en même temps. Nous y avons donc mis fin.`,
      effect:
        'C’est souvent à cause d’une erreur de l’application : il suffit alors de vous connecter à nouveau. Mais il se peut aussi que quelqu’un ait copié ce qui maintient votre connexion.',
      notYou: (app) => `Si vous ne reconnaissez pas l’endroit ou l’appareil, prévenez ${team(app)}.`,
      notYouWrite: (_app, supportAddress) =>
        `Si vous ne reconnaissez pas l’endroit ou l’appareil, écrivez à ${supportAddress}.`,
    },
  },

  // Without `’`, `ê` and narrow spaces, which would make an SMS one of 70 characters.
  text: {
    code: (code, app, duration) => `${code} est ${yourCode(app)}, valable ${duration}.`,
    link: (app, duration) => `Votre lien pour vous connecter${app === null ? '' : ` à ${app}`}, valable ${duration} :`,
    both: (code, app, duration) => `${code} est ${yourCode(app)}, valable ${duration}. Ou ouvrez le lien :`,
    keep: 'Gardez-le pour vous.',
  },
} satisfies Messages
