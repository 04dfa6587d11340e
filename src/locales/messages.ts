/**
 * Every sentence of pages and mails. A language is one module that satisfies this: a missing text does not compile.
 *
 * `app` is the application's name, or null where none is known; each language chooses its own stand-in, since a
 * stand-in has a gender and a case. Values that come in are whole words or phrases ("15 minutes", "14:05 UTC on
 * 21 November"), never pieces to be joined.
 *
 * All but English are compiled to data (`compile.ts`). So a text depends on nothing but its values, and asks no more of
 * them than `wayOf` in `expand.ts` can tell apart.
 */
export type Messages = {
  lang: string
  dir: 'ltr' | 'rtl'
  /** BCP 47 tag for `Intl`: order of day and month, clock of 12 or 24 hours. */
  intl: string

  /** The first day of a month where `Intl` has `1`. */
  firstOfMonth: string
  /** A moment: "14:05 on 21 November". */
  timeOnDay(time: string, day: string): string

  asked: { heading: string; when: string; where: string; browser: string }
  /** `address` is the project's support address. */
  help(address: string): string

  page: {
    confirm: {
      heading(app: string | null): string
      /** `address` is masked. */
      lead(address: string): string
      leadWithoutAddress: string
      button(app: string | null): string
      busy: string
      validUntil(moment: string): string
      again: string
      notYou: string
    }
    used: {
      heading: string
      lead(moment: string): string
      leadWithoutTime: string
      goOn(app: string | null): string
      /** Before the button that sends a new link. */
      resend: string
      next(app: string | null): string
    }
    /** On a dead link's page, before the button that leads on. */
    signedInHere: string
    /** `next` stands before the button that sends a new link. */
    expired: { heading: string; lead: string; next: string }
    superseded: { heading: string; lead: string; next: string }
    cancelled: { heading: string; lead(app: string | null): string; next(app: string | null): string }
    junk: { heading: string; lead: string; next: string }
    /** The way on from a dead link: a button, or where to go if we cannot send. */
    newLink: { button: string; busy: string; elsewhere(app: string | null): string }
    resent: {
      heading: string
      lead(address: string): string
      next: string
      /** The same by SMS; `number` is masked. */
      text: { heading: string; lead(number: string): string; next: string }
    }
    signedIn: { heading(app: string | null): string; lead(address: string): string; leadWithoutAddress: string }
    unavailable: { heading: string; lead: string; next: string }
    foreignForm: { heading: string; lead: string; next: string }
    inactive: { heading: string; lead(app: string | null): string; next(app: string | null): string }
    tooMany: { heading: string; lead: string; next: string }
    misdirected: { heading: string; lead: string; button(host: string): string }
    notFound: { heading: string; lead: string; next: string }
  }

  /** Pages of a browser that asks to be signed in. */
  signIn: {
    address: {
      heading(app: string | null): string
      lead: string
      label: string
      button: string
      busy: string
      /** Under the field. */
      empty: string
      unreadable: string
      /** The project takes no address of this domain. */
      blocked: string
      tooMany: string
      signedInAs(address: string): string
      /** Somebody is signed in here, and the application wants them to sign in once more. */
      onceMore: string
      goOn(app: string | null): string
      goOnBusy: string
      other: string
    }
    waiting: {
      heading: string
      /** What was sent, and what to do with it; `relay`: a link that can only show a code. */
      lead: {
        both(address: string): string
        link(address: string): string
        code(address: string): string
        relay(address: string): string
      }
      /** No cookies, and the mail brings a code or only a link. */
      noCookies: { code: string; link: string }
      label: string
      /** Under the field where the mail brings only a link. */
      relayHint: string
      button(app: string | null): string
      busy: string
      empty: string
      wrong(triesLeft: number): string
      expired: string
      tooMany: string
      locked: { heading: string; withLink: string; withoutLink: string; next: string }
      resent: string
      resend: string
      resendBusy: string
      /** `{time}` stands for "24 seconds". */
      resendLater: string
      opened: string
      help: string
      back: string
    }
    elsewhere: {
      heading: string
      lead(app: string | null, address: string): string
      next: string
      button: string
      busy: string
      notYou: string
    }
    relay: {
      heading: string
      lead(app: string | null): string
      keep: string
      /** Before the button that sends a link for this device. */
      here: string
      button: string
      busy: string
    }
    switched: {
      heading: string
      current(address: string): string
      lead(address: string): string
      button(address: string): string
      busy: string
      stay(address: string): string
    }
    done: { heading(app: string | null): string; lead: string; goOn(app: string | null): string }
    refused: { heading: string; lead: string; next: string; detail: string }
    /** The form was open for longer than a day. */
    late: { heading: string; lead: string; next: string; button: string }
  }
  account: {
    heading(app: string | null): string
    address: string
    phone: string
    name: string
    places: string
    thisBrowser: string
    unknownBrowser: string
    since(moment: string): string
    lastActive(moment: string): string
    /** In a list: the name of the browser stands beside it. */
    end: string
    endBusy: string
    ended: string
    signOut: string
    signOutEverywhere: string
    signOutBusy: string
    confirm: { heading(app: string | null): string; lead: string; stay: string }
    signedOut: { heading(app: string | null): string; lead: string; signIn: string }
  }

  mail: {
    /** The sender's name where a project has none. */
    sender: string
    /** `code` is grouped for reading here, and only here and in `preheader`. */
    codeSubject(code: string, app: string | null): string
    linkSubject(app: string | null): string
    /** The same for somebody new. */
    signUpSubject(app: string | null): string
    preheader: {
      link(duration: string): string
      code(code: string, duration: string): string
      both(code: string, duration: string): string
    }
    heading: {
      signIn(app: string | null): string
      signUp(app: string | null): string
      code(app: string | null): string
    }
    linkLead: string
    linkText: string
    linkButton(app: string | null): string
    linkValid(duration: string): string
    linkCopy: string
    codeLead: string
    codeInstead: string
    codeValid(duration: string): string
    codeKeep(app: string | null): string
    notYou: string
    addressChanged: {
      subject(app: string | null): string
      heading: string
      lead(app: string | null, moment: string): string
      effect: string
      notYou(app: string | null): string
      notYouWrite(app: string | null, supportAddress: string): string
    }
    /** One of the person's sign-ins was used from two places, so it was ended. */
    signInEnded: {
      subject(app: string | null): string
      heading: string
      lead(app: string | null, moment: string): string
      effect: string
      notYou(app: string | null): string
      notYouWrite(app: string | null, supportAddress: string): string
    }
  }

  /** SMS: short, since every 70 to 160 characters are charged. The link or `@host #code` line follows on lines of their own. */
  text: {
    code(code: string, app: string | null, duration: string): string
    link(app: string | null, duration: string): string
    /** A link and a code in one message; the code stands in the sentence. */
    both(code: string, app: string | null, duration: string): string
    /** Last sentence of each. */
    keep: string
  }
}
