/**
 * Speaks to nobody as a man or a woman: verbal nouns and passives in the place of imperatives. A duration stands after
 * a colon or alone, because as an object its dual would take another ending. Names come isolated from whoever
 * calls.
 */

import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'التطبيق'
const signIn = (app: string | null): string => (app === null ? 'تسجيل الدخول' : `تسجيل الدخول إلى ${app}`)
const linkSubject = (app: string | null): string => `رابط ${signIn(app)}`
const signedIn = (app: string | null): string => (app === null ? 'تم تسجيل دخولك' : `تم تسجيل دخولك إلى ${app}`)
const goOn = (app: string | null): string => `المتابعة إلى ${the(app)}`
const askAgain = (app: string | null): string => `لتسجيل الدخول، يمكنك طلب رابط جديد من ${the(app)}.`

/** For an SMS, where the code is in one piece and needs no isolate. */
const shortCode = (app: string | null): string => `رمز الدخول${app === null ? '' : ` إلى ${app}`}`

/** Apart, and left to right: otherwise `482 913` would read `913 482`, and a dot at the end of an address change sides. */
const ltr = (value: string): string => `\u2066${value}\u2069`

const plural = new Intl.PluralRules('ar')

function triesLeft(count: number): string {
  switch (plural.select(count)) {
    case 'zero':
      return 'لم تبقَ محاولات.'
    case 'one':
      return 'بقيت محاولة واحدة.'
    case 'two':
      return 'بقيت محاولتان.'
    case 'few':
      return `بقيت ${count} محاولات.`
    default:
      return `بقيت ${count} محاولة.`
  }
}

export const ar = {
  lang: 'ar',
  dir: 'rtl',
  // Latin digits, as in the codes.
  intl: 'ar-u-nu-latn',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${time} يوم ${day}`,

  asked: { heading: 'من طلب هذا', when: 'الوقت', where: 'المكان', browser: 'المتصفح' },
  help: (address) => `لأي سؤال يمكنك مراسلتنا على ${ltr(address)}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `سيُسجَّل دخولك بالعنوان ${ltr(address)}.`,
      leadWithoutAddress: 'ضغطة واحدة تكفي لتسجيل الدخول.',
      button: signIn,
      busy: 'جارٍ تسجيل الدخول…',
      validUntil: (moment) => `صالح حتى الساعة ${moment}.`,
      again: 'لم تصلنا هذه الضغطة. لم يضع شيء: يكفي الضغط على الزر مرة أخرى.',
      notYou: 'الطلب ليس منك؟ يمكنك إغلاق هذه الصفحة. لن يحدث شيء قبل الضغط على الزر.',
    },
    used: {
      heading: 'سبق استخدام هذا الرابط',
      lead: (moment) => `استُخدم هذا الرابط لتسجيل الدخول في الساعة ${moment}. إن كان ذلك منك، فكل شيء على ما يرام.`,
      leadWithoutTime: 'استُخدم هذا الرابط لتسجيل الدخول. إن كان ذلك منك، فكل شيء على ما يرام.',
      goOn,
      resend: 'لتسجيل الدخول هنا أيضًا، يمكنك طلب رابط جديد.',
      next: (app) => `لتسجيل الدخول مرة أخرى، يمكنك طلب رابط جديد من ${the(app)}.`,
    },
    signedInHere: 'دخولك مسجَّل هنا بالفعل، فلا حاجة إلى هذا الرابط.',
    expired: {
      heading: 'انتهت صلاحية هذا الرابط',
      lead: 'هذا ليس خطأ منك: حفاظًا على أمان حسابك، يعمل الرابط لفترة محدودة فقط.',
      next: 'يمكننا إرسال رابط جديد إليك الآن.',
    },
    superseded: {
      heading: 'يوجد رابط أحدث',
      lead: 'حلّت رسالة أحدث محل هذه الرسالة. الرابط الذي يعمل موجود في أحدث رسالة.',
      next: 'إن تعذّر العثور عليها، يمكننا إرسال رابط جديد إليك.',
    },
    cancelled: {
      heading: 'أُلغي هذا الرابط',
      lead: (app) => `هذا ليس خطأ منك: أُلغي الرابط من جهة ${the(app)} قبل استخدامه.`,
      next: askAgain,
    },
    junk: {
      heading: 'هذا الرابط غير مكتمل',
      lead: 'هذا ليس خطأ منك: برامج البريد تقطع الروابط الطويلة أحيانًا.',
      next: 'يمكنك نسخ الرابط كاملًا من الرسالة إلى شريط العنوان في متصفحك. إن لم ينفع ذلك، يمكنك طلب رابط جديد من حيث أردت تسجيل الدخول.',
    },
    newLink: {
      button: 'إرسال رابط جديد',
      busy: 'جارٍ إرسال رابط جديد…',
      elsewhere: askAgain,
    },
    resent: {
      heading: 'الخطوة التالية في بريدك',
      lead: (address) => `نرسل الآن رابطًا جديدًا إلى ${ltr(address)}.`,
      next: 'يصل عادةً خلال دقيقة. إن لم يظهر، فقد يكون في مجلد الرسائل غير المرغوب فيها. يمكنك إغلاق هذه الصفحة.',
      text: {
        heading: 'الخطوة التالية على هاتفك',
        lead: (number) => `نرسل الآن رابطًا جديدًا إلى ${ltr(number)}.`,
        next: 'يصل عادةً خلال دقيقة. يمكنك إغلاق هذه الصفحة.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `سُجّل دخولك بالعنوان ${ltr(address)}. يمكنك إغلاق هذه الصفحة.`,
      leadWithoutAddress: 'يمكنك إغلاق هذه الصفحة.',
    },
    unavailable: {
      heading: 'يتعذّر تسجيل دخولك الآن',
      lead: 'الخطأ من جهتنا لا من جهتك، ولم يضع شيء.',
      next: 'يمكنك فتح رابطك مرة أخرى بعد دقيقة.',
    },
    foreignForm: {
      heading: 'يلزم فتح رابطك مرة أخرى',
      lead: 'لم تأتِ تلك الضغطة من صفحتنا، فلم يحدث شيء. نادرًا ما يكون ذلك خطأ منك: قد يكون السبب موقعًا آخر أو إضافة في المتصفح.',
      next: 'رابطك لا يزال يعمل. يمكنك فتحه من الرسالة والضغط على الزر هناك.',
    },
    inactive: {
      heading: 'هذا الحساب متوقف',
      lead: (app) => `رابطك سليم ولم يحدث خطأ منك، لكن تسجيل الدخول إلى هذا الحساب متوقف من جهة ${the(app)}.`,
      next: (app) => `إعادة تشغيله بيد فريق ${the(app)} وحده، ويمكنك التواصل معه.`,
    },
    tooMany: {
      heading: 'نحتاج إلى دقيقة',
      lead: 'جرت محاولات كثيرة خلال وقت قصير، لذلك نتوقف قليلًا. قد لا تكون المحاولات منك.',
      next: 'لم يضع شيء: الرابط الذي لديك لا يزال يعمل. يمكنك المحاولة مرة أخرى بعد دقيقة.',
    },
    misdirected: {
      heading: 'تسجيل الدخول على عنوان آخر',
      lead: 'هذا ليس خطأ منك. لا يمكن لأحد تسجيل الدخول على العنوان الذي فتحته.',
      button: (host) => `الانتقال إلى ${ltr(host)}`,
    },
    notFound: {
      heading: 'لا يوجد شيء هنا',
      lead: 'قد يكون في العنوان خطأ إملائي، أو أن الصفحة انتقلت.',
      next: 'لتسجيل الدخول، يمكنك البدء من التطبيق، أو فتح رابطك مرة أخرى.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'يكفي عنوان بريدك: نرسل إليك رسالة لتسجيل الدخول. لا حاجة إلى كلمة مرور.',
      label: 'عنوان البريد الإلكتروني',
      button: 'إرسال رسالة تسجيل الدخول',
      busy: 'جارٍ إرسال الرسالة…',
      empty: 'يلزم كتابة عنوان بريدك أولًا.',
      unreadable: `لا يبدو هذا عنوان بريد. يكون العنوان على شكل ${ltr('name@example.com')}.`,
      blocked: 'لا يمكن استخدام هذا العنوان هنا. يمكنك كتابة عنوان آخر، مثل عنوان عملك.',
      tooMany: 'جرت محاولات كثيرة خلال وقت قصير. يمكنك الضغط على الزر مرة أخرى بعد دقيقة.',
      signedInAs: (address) => `دخولك مسجَّل هنا بالعنوان ${ltr(address)}.`,
      onceMore: 'للمتابعة، يلزم تسجيل الدخول مرة أخرى.',
      goOn,
      goOnBusy: 'جارٍ المتابعة…',
      other: 'أو تسجيل الدخول بعنوان آخر',
    },
    waiting: {
      heading: 'الخطوة التالية في بريدك',
      lead: {
        both: (address) =>
          `أرسلنا رابطًا ورمزًا إلى ${ltr(address)}. يمكنك فتح الرابط في هذا المتصفح، أو كتابة الرمز هنا.`,
        link: (address) => `أرسلنا رابطًا إلى ${ltr(address)}. يكفي فتحه في هذا المتصفح لتسجيل دخولك.`,
        code: (address) => `أرسلنا رمزًا إلى ${ltr(address)}. يُكتب الرمز هنا.`,
        relay: (address) => `أرسلنا رابطًا إلى ${ltr(address)}. عند فتحه يظهر رمز يُكتب هنا.`,
      },
      noCookies: {
        code: 'هذا المتصفح لا يحفظ ملفات تعريف الارتباط من موقعنا، لذلك لا يسجّل الرابط دخولك هنا. أما الرمز فيعمل ما دامت هذه الصفحة مفتوحة.',
        link: 'هذا المتصفح لا يحفظ ملفات تعريف الارتباط من موقعنا، لذلك لا يسجّل الرابط دخولك هنا. أما الرمز الذي يظهر عند فتحه فيعمل ما دامت هذه الصفحة مفتوحة.',
      },
      label: 'الرمز',
      relayHint: 'عند فتح الرابط على جهاز آخر، يظهر رمز من 8 أرقام. يُكتب الرمز هنا.',
      button: signIn,
      busy: 'جارٍ تسجيل الدخول…',
      empty: 'يلزم كتابة الرمز أولًا، ثم الضغط على الزر.',
      wrong: (count) => `هذا الرمز غير مطابق. ${triesLeft(count)}`,
      expired: 'انتهت صلاحية هذا الرمز: يعمل الرمز لفترة محدودة فقط. يمكننا إرسال رسالة جديدة إليك.',
      tooMany: 'جرت محاولات كثيرة خلال وقت قصير. يمكنك الضغط على الزر مرة أخرى بعد دقيقة.',
      locked: {
        heading: 'رموز كثيرة غير مطابقة',
        withLink:
          'حفاظًا على أمان حسابك، لم يعد ذلك الرمز يعمل. الرابط في رسالتك لا يزال يعمل: يمكنك فتحه في هذا المتصفح.',
        withoutLink: 'حفاظًا على أمان حسابك، لم يعد ذلك الرمز يعمل.',
        next: 'يمكننا أيضًا إرسال رسالة جديدة إليك.',
      },
      resent: 'رسالة جديدة في طريقها إليك.',
      resend: 'إرسال رسالة أخرى',
      resendBusy: 'جارٍ إرسال رسالة أخرى…',
      resendLater: 'المتبقي لإرسال رسالة أخرى: {time}',
      opened: 'فتحتُ الرابط',
      help: 'لم تصل الرسالة خلال دقيقة؟ قد تكون في مجلد الرسائل غير المرغوب فيها، أو يكون في العنوان خطأ.',
      back: 'استخدام عنوان آخر',
    },
    elsewhere: {
      heading: 'الإكمال من حيث بدأت',
      lead: (app, address) =>
        `طُلب تسجيل الدخول إلى ${the(app)} بالعنوان ${ltr(address)} من متصفح آخر. إن كان الطلب منك، نعرض لك رمزًا يُكتب هناك.`,
      next: 'لن يُسجَّل دخولك هنا.',
      button: 'عرض الرمز',
      busy: 'جارٍ إحضار الرمز…',
      notYou: 'الطلب ليس منك؟ يمكنك إغلاق هذه الصفحة. لا يمكن لأحد الدخول من دون الرمز.',
    },
    relay: {
      heading: 'يُكتب هذا الرمز حيث بدأت',
      lead: (app) => `المتصفح الذي طلبت منه تسجيل الدخول إلى ${the(app)} ينتظر هذا الرمز. يمكنك العودة إلى صفحته الآن.`,
      keep: 'هذا الرمز لك وحدك: من يعرفه يمكنه تسجيل الدخول إلى حسابك. لا يحتاج إليه أحد ممن يساعدونك.',
      here: 'هل الأنسب لك تسجيل الدخول على هذا الجهاز؟',
      button: 'إرسال رابط لهذا الجهاز',
      busy: 'جارٍ إرسال الرابط…',
    },
    switched: {
      heading: 'أي حساب؟',
      current: (address) => `دخولك مسجَّل هنا بالعنوان ${ltr(address)}.`,
      lead: (address) => `الرابط الذي فتحته يسجّل الدخول بالعنوان ${ltr(address)}.`,
      button: (address) => `تسجيل الدخول بالعنوان ${ltr(address)}`,
      busy: 'جارٍ تسجيل الدخول…',
      stay: (address) => `البقاء بالعنوان ${ltr(address)}`,
    },
    done: {
      heading: signedIn,
      lead: 'حدث ذلك في علامة تبويب أخرى. يمكنك إغلاق هذه الصفحة، أو المتابعة من هنا.',
      goOn,
    },
    refused: {
      heading: 'يتعذّر تسجيل دخولك هنا',
      lead: 'هذا ليس خطأ منك: أرسل إلينا التطبيق طلبًا لا يمكننا الرد عليه.',
      next: 'يمكنك العودة والمحاولة مرة أخرى. إن ظهرت هذه الصفحة من جديد، يمكنك إبلاغ فريق التطبيق.',
      detail: 'لفريق التطبيق',
    },
    late: {
      heading: 'بقيت هذه الصفحة مفتوحة وقتًا طويلًا',
      lead: 'حفاظًا على أمان حسابك، تعمل الصفحة يومًا واحدًا. لم يحدث شيء، ولم يضع شيء.',
      next: 'يكفي البدء من جديد.',
      button: 'البدء من جديد',
    },
  },
  account: {
    heading: (app) => (app === null ? 'حسابك' : `حسابك في ${app}`),
    address: 'عنوان البريد الإلكتروني',
    phone: 'رقم الهاتف',
    name: 'الاسم',
    places: 'أماكن تسجيل دخولك',
    thisBrowser: 'هذا المتصفح',
    unknownBrowser: 'متصفح لا نعرفه',
    since: (moment) => `منذ الساعة ${moment}`,
    lastActive: (moment) => `آخر نشاط في الساعة ${moment}`,
    end: 'تسجيل الخروج هناك',
    endBusy: 'جارٍ تسجيل الخروج…',
    ended: 'تم تسجيل خروجك من ذلك المتصفح.',
    signOut: 'تسجيل الخروج هنا',
    signOutEverywhere: 'تسجيل الخروج من كل مكان',
    signOutBusy: 'جارٍ تسجيل الخروج…',
    confirm: {
      heading: (app) => (app === null ? 'تسجيل الخروج' : `تسجيل الخروج من ${app}`),
      lead: 'سيُسجَّل خروجك من هذا المتصفح. للعودة، تلزم رسالة جديدة.',
      stay: 'البقاء في الحساب',
    },
    signedOut: {
      heading: (app) => (app === null ? 'تم تسجيل خروجك' : `تم تسجيل خروجك من ${app}`),
      lead: 'يمكنك إغلاق هذه الصفحة.',
      signIn: 'تسجيل الدخول مرة أخرى',
    },
  },

  mail: {
    sender: 'تسجيل الدخول',
    codeSubject: (code, app) => `${ltr(code)} هو رمز ${signIn(app)}`,
    linkSubject,
    signUpSubject: (app) => (app === null ? linkSubject(app) : `أهلًا بك في ${app}: رابط تسجيل الدخول`),
    preheader: {
      link: (duration) => `يعمل الرابط مرة واحدة. مدة صلاحيته: ${duration}.`,
      code: (code, duration) => `يُكتب الرمز ${ltr(code)} حيث طلبته. مدة صلاحيته: ${duration}.`,
      both: (code, duration) => `يكفي الضغط على الزر، أو كتابة الرمز ${ltr(code)}. مدة الصلاحية: ${duration}.`,
    },
    heading: {
      signIn,
      signUp: (app) => (app === null ? 'أهلًا بك' : `أهلًا بك في ${app}`),
      code: (app) => `رمز ${signIn(app)}`,
    },
    linkLead: 'يكفي الضغط على الزر لتسجيل الدخول. لا حاجة إلى كلمة مرور.',
    linkText: 'يكفي فتح هذا الرابط لتسجيل الدخول. لا حاجة إلى كلمة مرور.',
    linkButton: signIn,
    linkValid: (duration) => `يعمل الرابط مرة واحدة. مدة صلاحيته: ${duration}.`,
    linkCopy: 'إن لم يعمل الزر، يمكنك نسخ هذا الرابط إلى متصفحك:',
    codeLead: 'يُكتب هذا الرمز حيث طلبته:',
    codeInstead: 'أو يُكتب هذا الرمز حيث طلبته:',
    codeValid: (duration) => `يعمل الرمز مرة واحدة. مدة صلاحيته: ${duration}.`,
    codeKeep: (app) => `هذا الرمز لك وحدك: لن يطلبه منك أحد من ${app ?? 'جهتنا'}.`,
    notYou: 'الطلب ليس منك؟ يمكنك حذف هذه الرسالة. لا يمكن لأحد الدخول من دونها.',
    addressChanged: {
      subject: (app) => (app === null ? 'تغيّر عنوان بريدك' : `تغيّر عنوان بريدك في ${app}`),
      heading: 'تغيّر عنوان بريدك',
      lead: (app, moment) => `تغيّر عنوان البريد لحسابك${app === null ? '' : ` في ${app}`}، وذلك في الساعة ${moment}.`,
      effect: 'من الآن تُرسل الروابط والرموز إلى العنوان الجديد. إن كان التغيير منك، فلا يلزمك شيء.',
      notYou: (app) => `إن لم يكن التغيير منك، فالأفضل إبلاغ فريق ${the(app)} اليوم، لتسهل مساعدتك على استعادة حسابك.`,
      notYouWrite: (_app, supportAddress) =>
        `إن لم يكن التغيير منك، فالأفضل مراسلتنا اليوم على ${ltr(supportAddress)}، لنساعدك على استعادة حسابك.`,
    },
    signInEnded: {
      subject: (app) => (app === null ? 'سجّلنا خروجك من مكان واحد' : `سجّلنا خروجك من ${app} في مكان واحد`),
      heading: 'سجّلنا خروجك من مكان واحد',
      lead: (app, moment) =>
        `في الساعة ${moment}، استُخدم أحد تسجيلات دخولك${app === null ? '' : ` إلى ${app}`} من مكانين في الوقت نفسه، فأنهيناه.`,
      effect:
        'كثيرًا ما يكون السبب خللًا في التطبيق، ويكفي عندئذ تسجيل الدخول مرة أخرى. وقد يعني أيضًا أن أحدًا نسخ ما يُبقي دخولك مسجَّلًا.',
      notYou: (app) => `إن كان ذلك المكان أو الجهاز غريبًا عليك، فالأفضل إبلاغ فريق ${the(app)}.`,
      notYouWrite: (_app, supportAddress) =>
        `إن كان ذلك المكان أو الجهاز غريبًا عليك، فالأفضل مراسلتنا على ${ltr(supportAddress)}.`,
    },
  },

  text: {
    code: (code, app, duration) => `${code} هو ${shortCode(app)} (الصلاحية: ${duration}).`,
    link: (app, duration) => `رابط الدخول${app === null ? '' : ` إلى ${app}`} (الصلاحية: ${duration}):`,
    both: (code, app, duration) => `${code} هو ${shortCode(app)} (الصلاحية: ${duration}). أو بالرابط:`,
    keep: 'هذا لك وحدك.',
  },
} satisfies Messages
