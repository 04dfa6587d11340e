import type { Messages } from './messages.ts'

const the = (app: string | null): string => app ?? 'o aplicativo'
const inThe = (app: string | null): string => (app === null ? 'no aplicativo' : `em ${app}`)
const ofThe = (app: string | null): string => (app === null ? 'do aplicativo' : `de ${app}`)
const signIn = (app: string | null): string => (app === null ? 'Entrar' : `Entrar em ${app}`)
const signedIn = (app: string | null): string => (app === null ? 'Você entrou' : `Você entrou em ${app}`)
const goOn = (app: string | null): string => `Ir para ${the(app)}`
const welcome = (app: string | null): string => (app === null ? 'Boas-vindas' : `Boas-vindas a ${app}`)
const codeOf = (app: string | null): string => (app === null ? 'código para entrar' : `código de ${app}`)

export const ptBr = {
  lang: 'pt-BR',
  dir: 'ltr',
  intl: 'pt-BR',

  firstOfMonth: '1',
  timeOnDay: (time, day) => `${time} do dia ${day}`,

  asked: { heading: 'Quem pediu', when: 'Quando', where: 'Onde', browser: 'Navegador' },
  help: (address) => `Dúvidas? Escreva para ${address}`,

  page: {
    confirm: {
      heading: signIn,
      lead: (address) => `Você vai entrar como ${address}.`,
      leadWithoutAddress: 'Só falta tocar no botão.',
      button: signIn,
      busy: 'Entrando…',
      validUntil: (moment) => `Válido até ${moment}.`,
      again: 'Seu toque não chegou até nós. Nada se perdeu: toque no botão mais uma vez.',
      notYou: 'Não foi você? Pode fechar esta página. Nada acontece até você tocar no botão.',
    },
    used: {
      heading: 'Este link já foi usado',
      lead: (moment) => `Este link foi usado às ${moment} para entrar. Se foi você, está tudo certo.`,
      leadWithoutTime: 'Este link foi usado para entrar. Se foi você, está tudo certo.',
      goOn,
      resend: 'Para entrar aqui também, peça um link novo.',
      next: (app) => `Para entrar de novo, peça um link novo ${inThe(app)}.`,
    },
    signedInHere: 'Você já entrou neste navegador, então não precisa dele.',
    expired: {
      heading: 'Este link expirou',
      lead: 'A culpa não é sua: para proteger sua conta, cada link funciona só por um tempo.',
      next: 'Podemos enviar um link novo agora mesmo.',
    },
    superseded: {
      heading: 'Existe um link mais recente',
      lead: 'Enviamos outra mensagem depois desta. Use o link da mensagem mais recente.',
      next: 'Se não encontrar, podemos enviar um link novo.',
    },
    cancelled: {
      heading: 'Este link foi cancelado',
      lead: (app) => `A culpa não é sua: ${the(app)} cancelou este link antes que fosse usado.`,
      next: (app) => `Se ainda quiser entrar, peça um link novo ${inThe(app)}.`,
    },
    junk: {
      heading: 'Este link está incompleto',
      lead: 'A culpa não é sua: às vezes os programas de e-mail cortam links longos.',
      next: 'Copie o link inteiro do e-mail e cole na barra de endereço do navegador. Se não funcionar, peça um link novo onde você queria entrar.',
    },
    newLink: {
      button: 'Enviar um link novo',
      busy: 'Enviando um link novo…',
      elsewhere: (app) => `Para entrar, peça um link novo ${inThe(app)}.`,
    },
    resent: {
      heading: 'Confira seu e-mail',
      lead: (address) => `Estamos enviando um link novo para ${address}.`,
      next: 'Ele costuma chegar em menos de um minuto. Se não encontrar, olhe na pasta de spam. Pode fechar esta página.',
      text: {
        heading: 'Confira seu celular',
        lead: (number) => `Estamos enviando um link novo para ${number}.`,
        next: 'Ele costuma chegar em menos de um minuto. Pode fechar esta página.',
      },
    },
    signedIn: {
      heading: signedIn,
      lead: (address) => `Você entrou como ${address}. Pode fechar esta página.`,
      leadWithoutAddress: 'Pode fechar esta página.',
    },
    unavailable: {
      heading: 'Não dá para entrar neste momento',
      lead: 'A culpa é nossa, não sua, e nada se perdeu.',
      next: 'Espere um minuto e abra seu link de novo.',
    },
    foreignForm: {
      heading: 'Abra seu link de novo',
      lead: 'O toque no botão não veio da nossa página, então nada aconteceu. Quase nunca é culpa sua: pode ter sido outro site ou uma extensão do navegador.',
      next: 'Seu link ainda funciona. Abra o link da sua mensagem e toque no botão de lá.',
    },
    inactive: {
      heading: 'Esta conta está desativada',
      lead: (app) =>
        `Seu link está certo e você não fez nada de errado, mas ${the(app)} desativou o acesso a esta conta.`,
      next: (app) => `Fale com a equipe ${ofThe(app)}: só ela pode ativar a conta de novo.`,
    },
    tooMany: {
      heading: 'Espere um minuto',
      lead: 'Houve muitas tentativas em pouco tempo, então vamos fazer uma pequena pausa. Pode não ter sido você.',
      next: 'Nada se perdeu: se você já tem um link, ele ainda funciona. Tente de novo em um minuto.',
    },
    misdirected: {
      heading: 'Para entrar, use outra página',
      lead: 'A culpa não é sua. Não é possível entrar pela página que você abriu.',
      button: (host) => `Ir para ${host}`,
    },
    notFound: {
      heading: 'Não há nada aqui',
      lead: 'O endereço pode ter um erro de digitação, ou a página mudou de lugar.',
      next: 'Para entrar, vá ao aplicativo e comece por lá, ou abra seu link de novo.',
    },
  },

  signIn: {
    address: {
      heading: signIn,
      lead: 'Digite seu endereço de e-mail, e enviamos um e-mail para você entrar. Não precisa de senha.',
      label: 'Endereço de e-mail',
      button: 'Enviar e-mail para entrar',
      busy: 'Enviando o e-mail…',
      empty: 'Primeiro, digite seu endereço de e-mail.',
      unreadable: 'Isso não parece um endereço de e-mail. Um endereço é assim: nome@example.com.',
      blocked: 'Este endereço não pode ser usado aqui. Digite outro, como o do seu trabalho.',
      tooMany: 'Houve muitas tentativas em pouco tempo. Espere um minuto e toque no botão de novo.',
      signedInAs: (address) => `Você já entrou neste navegador como ${address}.`,
      onceMore: 'Para continuar, entre mais uma vez.',
      goOn,
      goOnBusy: 'Continuando…',
      other: 'Ou entre com outro endereço',
    },
    waiting: {
      heading: 'Confira seu e-mail',
      lead: {
        both: (address) =>
          `Enviamos um link e um código para ${address}. Abra o link neste navegador ou digite o código aqui.`,
        link: (address) => `Enviamos um link para ${address}. Abra o link neste navegador para entrar.`,
        code: (address) => `Enviamos um código para ${address}. Digite o código aqui.`,
        relay: (address) => `Enviamos um link para ${address}. Abra o link e digite aqui o código que ele mostra.`,
      },
      noCookies: {
        code: 'Este navegador não guarda nossos cookies, então não dá para entrar aqui pelo link do e-mail. Com o código dá, enquanto esta página estiver aberta.',
        link: 'Este navegador não guarda nossos cookies, então não dá para entrar aqui pelo link. Com o código que ele mostra dá, enquanto esta página estiver aberta.',
      },
      label: 'Código',
      relayHint: 'Se você abrir o link em outro dispositivo, ele mostra um código de 8 dígitos. Digite o código aqui.',
      button: signIn,
      busy: 'Entrando…',
      empty: 'Primeiro, digite o código. Depois, toque no botão.',
      wrong: (triesLeft) =>
        `Este código não confere. Você ainda tem ${triesLeft === 1 ? 'uma tentativa' : `${triesLeft} tentativas`}.`,
      expired: 'Este código expirou: cada código funciona só por um tempo. Podemos enviar um e-mail novo.',
      tooMany: 'Houve muitas tentativas em pouco tempo. Espere um minuto e toque no botão de novo.',
      locked: {
        heading: 'Muitos códigos que não conferem',
        withLink:
          'Para proteger sua conta, esse código deixou de funcionar. O link do seu e-mail ainda funciona: abra o link neste navegador.',
        withoutLink: 'Para proteger sua conta, esse código deixou de funcionar.',
        next: 'Também podemos enviar um e-mail novo.',
      },
      resent: 'Um e-mail novo está a caminho.',
      resend: 'Enviar outro e-mail',
      resendBusy: 'Enviando outro e-mail…',
      resendLater: 'Outro e-mail em {time}',
      opened: 'Já abri o link',
      help: 'Não chegou nada depois de um minuto? Olhe na pasta de spam e veja se o endereço está certo.',
      back: 'Usar outro endereço',
    },
    elsewhere: {
      heading: 'Termine onde você começou',
      lead: (app, address) =>
        `Alguém pediu para entrar ${inThe(app)} como ${address} em outro navegador. Se foi você, mostramos um código para digitar lá.`,
      next: 'Você não vai entrar neste navegador.',
      button: 'Mostrar o código',
      busy: 'Buscando o código…',
      notYou: 'Não foi você? Feche esta página. Sem o código, ninguém entra.',
    },
    relay: {
      heading: 'Digite este código onde você começou',
      lead: (app) =>
        `Volte ao navegador em que você pediu para entrar ${inThe(app)}. A página de lá espera este código.`,
      keep: 'Não compartilhe o código: com ele, qualquer pessoa pode entrar como se fosse você. Ninguém precisa dele para ajudar você.',
      here: 'Prefere entrar neste dispositivo?',
      button: 'Enviar um link para este dispositivo',
      busy: 'Enviando um link…',
    },
    switched: {
      heading: 'Com qual conta?',
      current: (address) => `Você já entrou neste navegador como ${address}.`,
      lead: (address) => `O link que você abriu é para entrar como ${address}.`,
      button: (address) => `Entrar como ${address}`,
      busy: 'Entrando…',
      stay: (address) => `Continuar como ${address}`,
    },
    done: {
      heading: signedIn,
      lead: 'Você entrou em outra aba. Pode fechar esta página ou continuar por aqui.',
      goOn,
    },
    refused: {
      heading: 'Não dá para entrar por aqui',
      lead: 'A culpa não é sua: o aplicativo nos enviou algo que não conseguimos responder.',
      next: 'Volte e tente de novo. Se chegar aqui outra vez, avise a equipe do aplicativo.',
      detail: 'Para essa equipe',
    },
    late: {
      heading: 'Esta página ficou aberta por muito tempo',
      lead: 'Para proteger sua conta, ela funciona só por um dia. Nada aconteceu e nada se perdeu.',
      next: 'Comece de novo e vai funcionar.',
      button: 'Começar de novo',
    },
  },
  account: {
    heading: (app) => (app === null ? 'Sua conta' : `Sua conta de ${app}`),
    address: 'Endereço de e-mail',
    phone: 'Número de celular',
    name: 'Nome',
    places: 'Onde você entrou',
    thisBrowser: 'Este navegador',
    unknownBrowser: 'Um navegador que não conhecemos',
    since: (moment) => `Desde ${moment}`,
    lastActive: (moment) => `Última atividade: ${moment}`,
    end: 'Sair de lá',
    endBusy: 'Saindo…',
    ended: 'Pronto: você saiu naquele navegador.',
    signOut: 'Sair daqui',
    signOutEverywhere: 'Sair de todos os lugares',
    signOutBusy: 'Saindo…',
    confirm: {
      heading: (app) => (app === null ? 'Sair' : `Sair de ${app}`),
      lead: 'Você vai sair neste navegador. Para voltar, vai precisar de um e-mail novo.',
      stay: 'Não sair',
    },
    signedOut: {
      heading: (app) => (app === null ? 'Você saiu' : `Você saiu de ${app}`),
      lead: 'Pode fechar esta página.',
      signIn: 'Entrar de novo',
    },
  },

  mail: {
    sender: 'Acesso à conta',
    codeSubject: (code, app) => `${code} é o seu ${codeOf(app)}`,
    linkSubject: (app) => (app === null ? 'Seu link para entrar' : `Seu link para entrar em ${app}`),
    signUpSubject: (app) => (app === null ? 'Seu link para entrar' : `${welcome(app)}: seu link para entrar`),
    preheader: {
      link: (duration) => `O link funciona uma só vez, por ${duration}.`,
      code: (code, duration) => `Digite ${code} onde você pediu o código. Ele funciona por ${duration}.`,
      both: (code, duration) => `Toque no botão ou digite ${code}. Você tem ${duration}.`,
    },
    heading: {
      signIn,
      signUp: welcome,
      code: (app) => `Seu ${codeOf(app)}`,
    },
    linkLead: 'Toque no botão para entrar. Não precisa de senha.',
    linkText: 'Abra este link para entrar. Não precisa de senha.',
    linkButton: signIn,
    linkValid: (duration) => `O link funciona uma só vez, por ${duration}.`,
    linkCopy: 'Se o botão não funcionar, copie este link para o navegador:',
    codeLead: 'Digite este código onde você pediu:',
    codeInstead: 'Ou digite este código onde você pediu:',
    codeValid: (duration) => `O código funciona uma só vez, por ${duration}.`,
    codeKeep: (app) =>
      `Não compartilhe: ninguém ${app === null ? 'da nossa equipe' : `de ${app}`} vai pedir este código.`,
    notYou: 'Não foi você que pediu? Então pode apagar este e-mail. Sem ele, ninguém entra.',
    addressChanged: {
      subject: (app) => `Seu endereço de e-mail${app === null ? '' : ` em ${app}`} foi alterado`,
      heading: 'Seu endereço de e-mail foi alterado',
      lead: (app, moment) =>
        `O endereço de e-mail da sua conta${app === null ? '' : ` de ${app}`} foi alterado às ${moment}.`,
      effect: 'De agora em diante, links e códigos vão para o endereço novo. Se foi você, não precisa fazer nada.',
      notYou: (app) =>
        `Se não foi você, avise hoje mesmo a equipe ${ofThe(app)}, para que ela ajude você a recuperar a conta.`,
      notYouWrite: (_app, supportAddress) =>
        `Se não foi você, escreva hoje mesmo para ${supportAddress}, para que possamos ajudar você a recuperar a conta.`,
    },
    signInEnded: {
      subject: (app) => `Encerramos um acesso à sua conta${app === null ? '' : ` de ${app}`}`,
      heading: 'Encerramos um acesso à sua conta',
      lead: (app, moment) =>
        `Um acesso à sua conta${app === null ? '' : ` de ${app}`} foi usado em dois lugares ao mesmo tempo, às ${moment}, e por isso foi encerrado.`,
      effect:
        'Muitas vezes é uma falha do aplicativo, e basta entrar de novo. Também pode ser que alguém tenha copiado os dados que mantêm você na sua conta.',
      notYou: (app) => `Se você não reconhece esse lugar ou dispositivo, avise a equipe ${ofThe(app)}.`,
      notYouWrite: (_app, supportAddress) =>
        `Se você não reconhece esse lugar ou dispositivo, escreva para ${supportAddress}.`,
    },
  },

  text: {
    code: (code, app, duration) => `${code} é o seu ${codeOf(app)} (vale por ${duration}).`,
    link: (app, duration) => `Seu link para entrar${app === null ? '' : ` em ${app}`} (vale por ${duration}):`,
    both: (code, app, duration) => `${code} é o seu ${codeOf(app)} (vale por ${duration}). Ou abra o link:`,
    // Without `não`: `ã` is not in the alphabet of SMS (GSM 03.38), and one leaves 70 characters instead of 160.
    keep: 'Nunca compartilhe com outra pessoa.',
  },
} satisfies Messages
