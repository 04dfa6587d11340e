import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'サービス'
const signIn = (app: string | null): string => (app === null ? 'ログイン' : `${app}にログイン`)
const askAgain = (app: string | null): string => `ログインするには、${the(app)}で新しいリンクを受け取ってください。`

export const ja = {
  lang: 'ja',
  dir: 'ltr',
  intl: 'ja-JP',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${day} ${time}`,

  asked: { heading: 'この操作について', when: '日時', where: '場所', browser: 'ブラウザ' },
  help: (address) => `お問い合わせ: ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `${address} としてログインします。`,
      leadWithoutAddress: 'ボタンを押すとログインできます。',
      button: signIn,
      busy: 'ログインしています…',
      validUntil: (moment) => `${moment} まで有効です。`,
      again: '先ほどの操作は届きませんでした。何も失われていません。もう一度ボタンを押してください。',
      notYou: '心当たりがない場合は、このページを閉じてください。ボタンを押すまで何も起こりません。',
    },
    used: {
      heading: 'このリンクは使用済みです',
      lead: (moment) =>
        `このリンクは ${moment} にログインに使われました。ご自身の操作であれば、このままで問題ありません。`,
      leadWithoutTime: 'このリンクはログインに使われました。ご自身の操作であれば、このままで問題ありません。',
      goOn: (app) => `${the(app)}に進む`,
      resend: 'ここでもログインするには、新しいリンクを受け取ってください。',
      next: (app) => `もう一度ログインするには、${the(app)}で新しいリンクを受け取ってください。`,
    },
    signedInHere: 'すでにログインしているため、このリンクは必要ありません。',
    expired: {
      heading: 'このリンクは期限が切れています',
      lead: '操作の間違いではありません。アカウントを守るため、リンクは一定の時間だけ使えます。',
      next: '新しいリンクをすぐにお送りできます。',
    },
    superseded: {
      heading: 'より新しいリンクがあります',
      lead: '新しいメッセージを送ったため、このリンクは使えなくなりました。最新のメッセージのリンクを使ってください。',
      next: '見つからない場合は、新しいリンクをお送りできます。',
    },
    cancelled: {
      heading: 'このリンクは取り消されました',
      lead: (app) => `操作の間違いではありません。このリンクは、使われる前に${the(app)}が取り消しました。`,
      next: askAgain,
    },
    junk: {
      heading: 'リンクが途中で切れています',
      lead: '操作の間違いではありません。メールアプリが長いリンクを途中で切ることがあります。',
      next: 'メールのリンク全体をコピーして、ブラウザのアドレスバーに貼り付けてください。それでも開けない場合は、ログインしようとした画面で新しいリンクを受け取ってください。',
    },
    newLink: {
      button: '新しいリンクを送る',
      busy: '新しいリンクを送っています…',
      elsewhere: askAgain,
    },
    resent: {
      heading: 'メールをご確認ください',
      lead: (address) => `${address} に新しいリンクを送っています。`,
      next: '通常は1分以内に届きます。見つからない場合は、迷惑メールのフォルダをご確認ください。このページは閉じてかまいません。',
      text: {
        heading: 'SMSをご確認ください',
        lead: (number) => `${number} に新しいリンクを送っています。`,
        next: '通常は1分以内に届きます。このページは閉じてかまいません。',
      },
    },
    signedIn: {
      heading: (app) => (app === null ? 'ログインしました' : `${app}にログインしました`),
      lead: (address) => `${address} としてログインしました。このページは閉じてかまいません。`,
      leadWithoutAddress: 'このページは閉じてかまいません。',
    },
    unavailable: {
      heading: '現在ログインできません',
      lead: 'こちら側の問題です。操作の間違いではなく、何も失われていません。',
      next: '1分ほど待ってから、もう一度リンクを開いてください。',
    },
    foreignForm: {
      heading: 'もう一度リンクを開いてください',
      lead: '先ほどの操作はこのページからのものではなかったため、何も起こりませんでした。ほかのサイトやブラウザの拡張機能が原因のことがあり、操作の間違いであることはまれです。',
      next: 'リンクはまだ使えます。メッセージから開いて、そこでボタンを押してください。',
    },
    inactive: {
      heading: 'このアカウントは停止されています',
      lead: (app) =>
        `リンクに問題はなく、操作の間違いでもありません。${the(app)}がこのアカウントのログインを停止しています。`,
      next: (app) => `停止を解除できるのは${the(app)}の担当者だけです。担当者にお問い合わせください。`,
    },
    tooMany: {
      heading: '1分ほどお待ちください',
      lead: '短い時間に操作が続いたため、少し休止しています。ほかの人の操作が原因のこともあります。',
      next: '何も失われていません。お持ちのリンクはまだ使えます。1分ほど待ってから、もう一度お試しください。',
    },
    misdirected: {
      heading: 'ログインのページは別のアドレスにあります',
      lead: '操作の間違いではありません。開いたアドレスでは、だれもログインできません。',
      button: (host) => `${host} に進む`,
    },
    notFound: {
      heading: 'ここには何もありません',
      lead: 'アドレスに入力間違いがあるか、ページが移動した可能性があります。',
      next: 'ログインするには、サービスの画面から始めるか、もう一度リンクを開いてください。',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'メールアドレスを入力すると、ログイン用のメールをお送りします。パスワードは不要です。',
      label: 'メールアドレス',
      button: 'ログイン用のメールを送る',
      busy: 'メールを送っています…',
      empty: 'メールアドレスを入力してください。',
      unreadable: 'メールアドレスの形になっていません。name@example.com のように入力してください。',
      blocked: 'このアドレスはここでは使えません。職場のものなど、別のアドレスを入力してください。',
      tooMany: '短い時間に操作が続きました。1分ほど待ってから、もう一度ボタンを押してください。',
      signedInAs: (address) => `${address} としてログインしています。`,
      onceMore: '続けるには、もう一度ログインしてください。',
      goOn: (app) => `${the(app)}に進む`,
      goOnBusy: '進んでいます…',
      other: 'または別のアドレスでログイン',
    },
    waiting: {
      heading: 'メールをご確認ください',
      lead: {
        both: (address) =>
          `${address} にリンクとコードを送りました。このブラウザでリンクを開くか、ここにコードを入力してください。`,
        link: (address) => `${address} にリンクを送りました。このブラウザで開くと、ログインできます。`,
        code: (address) => `${address} にコードを送りました。ここに入力してください。`,
        relay: (address) => `${address} にリンクを送りました。開くと表示されるコードを、ここに入力してください。`,
      },
      noCookies: {
        code: 'このブラウザはこのサイトのCookieを保存しないため、メールのリンクではここにログインできません。このページを開いている間は、コードでログインできます。',
        link: 'このブラウザはこのサイトのCookieを保存しないため、リンクではここにログインできません。このページを開いている間は、リンク先に表示されるコードでログインできます。',
      },
      label: 'コード',
      relayHint: '別の端末でリンクを開くと、8桁のコードが表示されます。ここに入力してください。',
      button: signIn,
      busy: 'ログインしています…',
      empty: 'コードを入力してから、ボタンを押してください。',
      wrong: (triesLeft) => `コードが一致しません。あと${triesLeft}回入力できます。`,
      expired: 'このコードは期限が切れています。コードは一定の時間だけ使えます。新しいメールをお送りできます。',
      tooMany: '短い時間に操作が続きました。1分ほど待ってから、もう一度ボタンを押してください。',
      locked: {
        heading: '一致しないコードが続きました',
        withLink:
          'アカウントを守るため、そのコードは使えなくなりました。メールのリンクはまだ使えます。このブラウザで開いてください。',
        withoutLink: 'アカウントを守るため、そのコードは使えなくなりました。',
        next: '新しいメールをお送りすることもできます。',
      },
      resent: '新しいメールを送りました。まもなく届きます。',
      resend: 'もう一度メールを送る',
      resendBusy: 'もう一度メールを送っています…',
      resendLater: 'もう一度送れるまで {time}',
      opened: 'リンクを開きました',
      help: '1分ほどたっても届かない場合は、迷惑メールのフォルダと、アドレスに間違いがないかをご確認ください。',
      back: '別のアドレスを使う',
    },
    elsewhere: {
      heading: '始めた画面で続けてください',
      lead: (app, address) =>
        `別のブラウザで、${address} として${the(app)}にログインする操作がありました。ご自身の操作であれば、そこで入力するコードを表示します。`,
      next: 'ここではログインしません。',
      button: 'コードを表示する',
      busy: 'コードを取得しています…',
      notYou: '心当たりがない場合は、このページを閉じてください。コードがなければ、だれもログインできません。',
    },
    relay: {
      heading: '始めた画面でこのコードを入力してください',
      lead: (app) =>
        `${the(app)}にログインしようとしたブラウザに戻ってください。そのページがこのコードを待っています。`,
      keep: 'コードはだれにも教えないでください。コードを知っている人は、あなたとしてログインできます。サポートの担当者がコードをたずねることはありません。',
      here: 'この端末でログインしますか。',
      button: 'この端末用のリンクを送る',
      busy: 'リンクを送っています…',
    },
    switched: {
      heading: 'どのアカウントを使いますか',
      current: (address) => `${address} としてログインしています。`,
      lead: (address) => `開いたリンクは ${address} のものです。`,
      button: (address) => `${address} としてログイン`,
      busy: 'ログインしています…',
      stay: (address) => `${address} のまま続ける`,
    },
    done: {
      heading: (app) => (app === null ? 'ログインしました' : `${app}にログインしました`),
      lead: '別のタブでログインしました。このページは閉じてかまいません。ここから進むこともできます。',
      goOn: (app) => `${the(app)}に進む`,
    },
    refused: {
      heading: 'ここではログインできません',
      lead: '操作の間違いではありません。サービスから届いた内容に、お応えできませんでした。',
      next: '前の画面に戻って、もう一度お試しください。またこのページが表示される場合は、サービスの担当者にお知らせください。',
      detail: '担当者向けの情報',
    },
    late: {
      heading: 'このページは長い間開かれていました',
      lead: 'アカウントを守るため、このページが使えるのは1日だけです。何も起こらず、何も失われていません。',
      next: '最初からやり直すと、ログインできます。',
      button: '最初からやり直す',
    },
  },
  account: {
    heading: (app) => (app === null ? 'アカウント' : `${app}のアカウント`),
    address: 'メールアドレス',
    phone: '電話番号',
    name: '名前',
    places: 'ログインしている場所',
    thisBrowser: 'このブラウザ',
    unknownBrowser: '不明なブラウザ',
    since: (moment) => `ログイン: ${moment}`,
    lastActive: (moment) => `最後の操作: ${moment}`,
    end: 'そこからログアウト',
    endBusy: 'ログアウトしています…',
    ended: 'そのブラウザからログアウトしました。',
    signOut: 'ここからログアウト',
    signOutEverywhere: 'すべての場所からログアウト',
    signOutBusy: 'ログアウトしています…',
    confirm: {
      heading: (app) => (app === null ? 'ログアウト' : `${app}からログアウト`),
      lead: 'このブラウザからログアウトします。もう一度ログインするには、新しいメールが必要です。',
      stay: 'ログインしたままにする',
    },
    signedOut: {
      heading: (app) => (app === null ? 'ログアウトしました' : `${app}からログアウトしました`),
      lead: 'このページは閉じてかまいません。',
      signIn: 'もう一度ログイン',
    },
  },

  mail: {
    sender: 'ログイン',
    codeSubject: (code, app) =>
      app === null ? `${code} はログイン用のコードです` : `${code} は${app}のログイン用コードです`,
    linkSubject: (app) => (app === null ? 'ログイン用のリンク' : `${app}のログイン用リンク`),
    signUpSubject: (app) => (app === null ? 'ログイン用のリンク' : `${app}へようこそ: ログイン用のリンク`),
    preheader: {
      link: (duration) => `リンクは1回だけ使えます。有効期間は ${duration}です。`,
      code: (code, duration) =>
        `コード ${code} を、ログインしようとした画面に入力してください。有効期間は ${duration}です。`,
      both: (code, duration) => `ボタンを押すか、コード ${code} を入力してください。有効期間は ${duration}です。`,
    },
    heading: {
      signIn,
      signUp: (app) => (app === null ? 'ようこそ' : `${app}へようこそ`),
      code: (app) => (app === null ? 'ログイン用のコード' : `${app}のログイン用コード`),
    },
    linkLead: 'ボタンを押すとログインできます。パスワードは不要です。',
    linkText: 'このリンクを開くとログインできます。パスワードは不要です。',
    linkButton: signIn,
    linkValid: (duration) => `リンクは1回だけ使えます。有効期間は ${duration}です。`,
    linkCopy: 'ボタンが動かない場合は、このリンクをコピーしてブラウザで開いてください。',
    codeLead: 'ログインしようとした画面に、このコードを入力してください。',
    codeInstead: 'または、ログインしようとした画面に、このコードを入力してください。',
    codeValid: (duration) => `コードは1回だけ使えます。有効期間は ${duration}です。`,
    codeKeep: (app) =>
      `だれにも教えないでください。${app === null ? '私たち' : `${app}の担当者`}がコードをたずねることはありません。`,
    notYou: '心当たりがない場合は、このメールを削除してください。このメールがなければ、だれもログインできません。',
    addressChanged: {
      subject: (app) => (app === null ? 'メールアドレスが変更されました' : `${app}のメールアドレスが変更されました`),
      heading: 'メールアドレスが変更されました',
      lead: (app, moment) =>
        `${moment} に、${app === null ? '' : `${app}の`}アカウントのメールアドレスが変更されました。`,
      effect: '今後、リンクとコードは新しいアドレスに届きます。ご自身の操作であれば、何もする必要はありません。',
      notYou: (app) =>
        `心当たりがない場合は、アカウントを取り戻せるように、今日のうちに${the(app)}の担当者にお知らせください。`,
      notYouWrite: (_app, supportAddress) =>
        `心当たりがない場合は、アカウントを取り戻せるように、今日のうちに ${supportAddress} までお知らせください。`,
    },
    signInEnded: {
      subject: (app) => (app === null ? '1か所からログアウトしました' : `${app}の1か所からログアウトしました`),
      heading: '1か所からログアウトしました',
      lead: (app, moment) =>
        `${moment} に、${app === null ? '' : `${app}への`}ログインの1つが2か所で同時に使われたため、そのログインを終了しました。`,
      effect:
        '多くの場合、原因はサービスの不具合で、もう一度ログインするだけで済みます。ログインを保つための情報を、だれかがコピーした可能性もあります。',
      notYou: (app) => `場所や端末に心当たりがない場合は、${the(app)}の担当者にお知らせください。`,
      notYouWrite: (_app, supportAddress) =>
        `場所や端末に心当たりがない場合は、${supportAddress} までお知らせください。`,
    },
  },

  text: {
    code: (code, app, duration) =>
      `${code} は${app === null ? '' : `${app}の`}ログイン用コードです（${duration}有効）。`,
    link: (app, duration) => `${app === null ? '' : `${app}の`}ログイン用リンク（${duration}有効）:`,
    both: (code, app, duration) =>
      `${code} は${app === null ? '' : `${app}の`}ログイン用コードです（${duration}有効）。リンクでもログインできます:`,
    keep: 'だれにも教えないでください。',
  },
} satisfies Messages
