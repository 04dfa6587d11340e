import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'the application'

export const en = {
  lang: 'en',
  dir: 'ltr',
  intl: 'en-GB',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${time} on ${day}`,

  asked: { heading: 'Who asked for this', when: 'When', where: 'Where', browser: 'Browser' },
  help: (address) => `Questions? Write to ${address}`,

  page: {
    confirm: {
      heading: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
      lead: (address) => `You are about to sign in as ${address}.`,
      leadWithoutAddress: 'One press and you are in.',
      button: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
      busy: 'Signing you in…',
      validUntil: (moment) => `Valid until ${moment}.`,
      again: 'That press did not reach us. Nothing is lost: press the button once more.',
      notYou: 'Not you? You can close this page. Nothing happens until you press the button.',
    },
    used: {
      heading: 'Already used',
      lead: (moment) => `This link was used at ${moment} to sign in. If that was you, you are all set.`,
      leadWithoutTime: 'This link was used to sign in. If that was you, you are all set.',
      goOn: (app) => `Go on to ${the(app)}`,
      resend: 'To sign in here as well, get a new link.',
      next: (app) => `To sign in again, ask for a new link in ${the(app)}.`,
    },
    signedInHere: 'You are signed in here already, so you do not need it.',
    expired: {
      heading: 'This link has expired',
      lead: 'It is not your fault: to keep your account safe, a link works only for a while.',
      next: 'We can send you a new one right away.',
    },
    superseded: {
      heading: 'There is a newer link',
      lead: 'A newer message took the place of this one. Use the link in your newest message.',
      next: 'If you cannot find it, we can send you a new one.',
    },
    cancelled: {
      heading: 'This link was withdrawn',
      lead: (app) => `It is not your fault: ${the(app)} withdrew this link before it was used.`,
      next: (app) => `If you still want to sign in, ask for a new link in ${the(app)}.`,
    },
    junk: {
      heading: 'This link is not complete',
      lead: 'It is not your fault: mail programs cut off long links now and then.',
      next: 'Copy the whole link from the mail into the address bar of your browser. If that does not help, ask for a new link where you wanted to sign in.',
    },
    newLink: {
      button: 'Send me a new link',
      busy: 'Sending a new link…',
      elsewhere: (app) => `To sign in, ask for a new link in ${the(app)}.`,
    },
    resent: {
      heading: 'Check your mail',
      lead: (address) => `We are sending a new link to ${address}.`,
      next: 'It is usually there within a minute. If you cannot find it, look in the spam folder. You can close this page.',
      text: {
        heading: 'Check your phone',
        lead: (number) => `We are sending a new link to ${number}.`,
        next: 'It is usually there within a minute. You can close this page.',
      },
    },
    signedIn: {
      heading: (app) => (app === null ? 'You are signed in' : `You are signed in to ${app}`),
      lead: (address) => `You signed in as ${address}. You can close this page.`,
      leadWithoutAddress: 'You can close this page.',
    },
    unavailable: {
      heading: 'We cannot sign you in right now',
      lead: 'It is our fault, not yours, and nothing is lost.',
      next: 'Wait a minute, then open your link again.',
    },
    foreignForm: {
      heading: 'Open your link again',
      lead: 'That press did not come from our page, so nothing happened. It is rarely your fault: another site or a browser extension can cause it.',
      next: 'Your link still works. Open it from your message and press the button there.',
    },
    inactive: {
      heading: 'This account is switched off',
      lead: (app) =>
        `Your link is fine and you did nothing wrong, but ${the(app)} has switched sign-in off for this account.`,
      next: (app) => `Only the people behind ${the(app)} can switch it on again. Ask them.`,
    },
    tooMany: {
      heading: 'Wait a minute',
      lead: 'There were many tries in a short time, so we are taking a short break. It need not have been you.',
      next: 'Nothing is lost: a link that you already have still works. Try again in a minute.',
    },
    misdirected: {
      heading: 'Sign-in lives at another address',
      lead: 'It is not your fault. Nobody can sign in at the address you came to.',
      button: (host) => `Go to ${host}`,
    },
    notFound: {
      heading: 'There is nothing here',
      lead: 'The address may have a typing mistake, or the page has moved.',
      next: 'To sign in, go to the application and start there, or open your link again.',
    },
  },

  signIn: {
    address: {
      heading: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
      lead: 'Type your mail address, and we send you a mail that signs you in. No password needed.',
      label: 'Mail address',
      button: 'Send me a sign-in mail',
      busy: 'Sending the mail…',
      empty: 'Type your mail address first.',
      unreadable: 'This does not look like a mail address. One reads like name@example.com.',
      blocked: 'This address cannot be used here. Type another one, such as the one of your work.',
      tooMany: 'There were many tries in a short time. Wait a minute, then press the button again.',
      signedInAs: (address) => `You are signed in here as ${address}.`,
      onceMore: 'To go on, sign in once more.',
      goOn: (app) => `Go on to ${the(app)}`,
      goOnBusy: 'Going on…',
      other: 'Or sign in with another address',
    },
    waiting: {
      heading: 'Check your mail',
      lead: {
        both: (address) =>
          `We sent a link and a code to ${address}. Open the link in this browser, or type the code here.`,
        link: (address) => `We sent a link to ${address}. Open it in this browser, and you are signed in.`,
        code: (address) => `We sent a code to ${address}. Type it here.`,
        relay: (address) => `We sent a link to ${address}. Open it, and type the code that it shows here.`,
      },
      noCookies: {
        code: 'This browser keeps no cookies from us, so the link in the mail cannot sign you in here. The code can, as long as this page stays open.',
        link: 'This browser keeps no cookies from us, so the link cannot sign you in here. The code that it shows can, as long as this page stays open.',
      },
      label: 'Code',
      relayHint: 'If you open the link on another device, it shows a code of 8 digits. Type it here.',
      button: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
      busy: 'Signing you in…',
      empty: 'Type the code first, then press the button.',
      wrong: (triesLeft) =>
        `This code does not fit. You have ${triesLeft === 1 ? 'one try' : `${triesLeft} tries`} left.`,
      expired: 'This code has expired: a code works only for a while. We can send you a new mail.',
      tooMany: 'There were many tries in a short time. Wait a minute, then press the button again.',
      locked: {
        heading: 'Too many wrong codes',
        withLink:
          'To keep your account safe, that code has stopped working. The link in your mail still works: open it in this browser.',
        withoutLink: 'To keep your account safe, that code has stopped working.',
        next: 'We can also send you a new mail.',
      },
      resent: 'A new mail is on its way.',
      resend: 'Send me another mail',
      resendBusy: 'Sending another mail…',
      resendLater: 'Another mail in {time}',
      opened: 'I opened the link',
      help: 'Nothing there after a minute? Look in the spam folder, and check that the address is right.',
      back: 'Use another address',
    },
    elsewhere: {
      heading: 'Finish where you started',
      lead: (app, address) =>
        `Somebody asked to sign in to ${the(app)} as ${address} in another browser. If that was you, we show you a code to type there.`,
      next: 'You will not be signed in here.',
      button: 'Show me the code',
      busy: 'Getting the code…',
      notYou: 'Not you? Close this page. Without the code, nobody gets in.',
    },
    relay: {
      heading: 'Type this code where you started',
      lead: (app) =>
        `Go back to the browser in which you asked to sign in to ${the(app)}. Its page waits for this code.`,
      keep: 'Keep it to yourself: whoever has it can sign in as you. Nobody who helps you needs it.',
      here: 'Would you rather sign in on this device?',
      button: 'Send me a link for this device',
      busy: 'Sending a link…',
    },
    switched: {
      heading: 'Which account?',
      current: (address) => `You are signed in here as ${address}.`,
      lead: (address) => `The link that you opened signs in ${address}.`,
      button: (address) => `Sign in as ${address}`,
      busy: 'Signing you in…',
      stay: (address) => `Stay signed in as ${address}`,
    },
    done: {
      heading: (app) => (app === null ? 'You are signed in' : `You are signed in to ${app}`),
      lead: 'You did it in another tab. You can close this page, or go on from here.',
      goOn: (app) => `Go on to ${the(app)}`,
    },
    refused: {
      heading: 'We cannot sign you in here',
      lead: 'It is not your fault: the application sent us something that we cannot answer.',
      next: 'Go back and try again. If you come here once more, tell the people behind the application.',
      detail: 'For those people',
    },
    late: {
      heading: 'This page was open for a long time',
      lead: 'To keep your account safe, it works for a day. Nothing happened, and nothing is lost.',
      next: 'Start again, and it works.',
      button: 'Start again',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Your account' : `Your ${app} account`),
    address: 'Mail address',
    phone: 'Phone number',
    name: 'Name',
    places: 'Where you are signed in',
    thisBrowser: 'This browser',
    unknownBrowser: 'A browser we do not know',
    since: (moment) => `Since ${moment}`,
    lastActive: (moment) => `Last active ${moment}`,
    end: 'Sign out there',
    endBusy: 'Signing out…',
    ended: 'Done: that browser is signed out.',
    signOut: 'Sign out here',
    signOutEverywhere: 'Sign out everywhere',
    signOutBusy: 'Signing you out…',
    confirm: {
      heading: (app) => (app === null ? 'Sign out' : `Sign out of ${app}`),
      lead: 'You will be signed out in this browser. To come back, you need a new mail.',
      stay: 'Stay signed in',
    },
    signedOut: {
      heading: (app) => (app === null ? 'You are signed out' : `You are signed out of ${app}`),
      lead: 'You can close this page.',
      signIn: 'Sign in again',
    },
  },

  mail: {
    sender: 'Sign-in',
    codeSubject: (code, app) => (app === null ? `${code} is your sign-in code` : `${code} is your ${app} code`),
    linkSubject: (app) => (app === null ? 'Your link to sign in' : `Your link to sign in to ${app}`),
    signUpSubject: (app) => (app === null ? 'Your link to sign in' : `Welcome to ${app}: your link to sign in`),
    preheader: {
      link: (duration) => `The link works once, for ${duration}.`,
      code: (code, duration) => `Type ${code} where you asked for it. It works for ${duration}.`,
      both: (code, duration) => `Press the button, or type ${code} within ${duration}.`,
    },
    heading: {
      signIn: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
      signUp: (app) => (app === null ? 'Welcome' : `Welcome to ${app}`),
      code: (app) => (app === null ? 'Your sign-in code' : `Your ${app} code`),
    },
    linkLead: 'Press the button to sign in. No password needed.',
    linkText: 'Open this link to sign in. No password needed.',
    linkButton: (app) => (app === null ? 'Sign in' : `Sign in to ${app}`),
    linkValid: (duration) => `The link works once, for ${duration}.`,
    linkCopy: 'If the button does nothing, copy this link into your browser:',
    codeLead: 'Type this code where you asked for it:',
    codeInstead: 'Or type this code where you asked for it:',
    codeValid: (duration) => `The code works once, for ${duration}.`,
    codeKeep: (app) => `Keep it to yourself: nobody from ${app ?? 'our side'} will ask you for it.`,
    notYou: 'You did not ask for this? Then you can delete this mail. Without it, nobody gets in.',
    addressChanged: {
      subject: (app) => (app === null ? 'Your mail address was changed' : `Your mail address for ${app} was changed`),
      heading: 'Your mail address was changed',
      lead: (app, moment) =>
        app === null
          ? `The mail address of your account was changed at ${moment}.`
          : `The mail address of your ${app} account was changed at ${moment}.`,
      effect: 'From now on, links and codes go to the new address. If that was you, there is nothing to do.',
      notYou: (app) =>
        `If it was not you, tell the people behind ${the(app)} today, so that they can help you get the account back.`,
      notYouWrite: (_app, supportAddress) =>
        `If it was not you, write to ${supportAddress} today, so that we can help you get the account back.`,
    },
    signInEnded: {
      subject: (app) => (app === null ? 'We signed you out in one place' : `We signed you out of ${app} in one place`),
      heading: 'We signed you out in one place',
      lead: (app, moment) =>
        app === null
          ? `At ${moment}, one of your sign-ins was used from two places at once, so we ended it.`
          : `At ${moment}, one of your sign-ins to ${app} was used from two places at once, so we ended it.`,
      effect:
        'Often a fault of the application is behind it, and there is nothing to do but to sign in again. It can also mean that somebody copied what keeps you signed in.',
      notYou: (app) => `If you do not know that place or device, tell the people behind ${the(app)}.`,
      notYouWrite: (_app, supportAddress) => `If you do not know that place or device, write to ${supportAddress}.`,
    },
  },

  text: {
    code: (code, app, duration) => `${code} is your ${app === null ? 'sign-in' : app} code, for ${duration}.`,
    link: (app, duration) => `Your link to sign in${app === null ? '' : ` to ${app}`}, for ${duration}:`,
    both: (code, app, duration) =>
      `${code} is your ${app === null ? 'sign-in' : app} code, for ${duration}. Or open the link:`,
    keep: 'Keep it to yourself.',
  },
} satisfies Messages
