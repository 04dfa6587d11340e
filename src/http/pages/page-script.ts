/**
 * Shortens what works without it. A button that says it is at work is never disabled: a second press is the same
 * redemption and may be the one that gets through; `pageshow` undoes the label of a page that comes back from the cache.
 *
 * - Times in the person's own zone and clock. `Date()` is today as a text that begins like `toDateString`. A browser can
 *   name a language that `Intl` refuses (`en-US@posix`), and one that counts in other digits or years than our texts.
 * - The countdown before a new mail, in seconds from now: the person's clock may be wrong.
 * - The waiting page asks how things stand, a few times and whenever it is looked at again, and then goes on.
 * - The page that goes on by itself does so once per entry of the history, and not for who came back to it.
 */
export const pageScript = `(()=>{
const root=document.documentElement,lang=navigator.languages.find(l=>{try{return new Intl.Locale(l).language===root.lang.split('-')[0]}catch{}})||root.lang
const say=(d,o)=>new Intl.DateTimeFormat(lang,{calendar:'gregory',numberingSystem:'latn',...o}).format(d)
for(const el of document.querySelectorAll('time[data-format]')){
const at=new Date(el.dateTime),time=say(at,{timeStyle:'short'})
el.textContent=Date().startsWith(at.toDateString())?time:el.dataset.format.replace('{time}',time).replace('{day}',say(at,{day:'numeric',month:'long'}))
}
for(const form of document.forms){
const button=form.querySelector('button[data-busy]')
if(!button)continue
const label=button.textContent
form.addEventListener('submit',()=>{button.setAttribute('aria-busy','true');button.textContent=button.dataset.busy})
addEventListener('pageshow',e=>{if(!e.persisted)return
button.removeAttribute('aria-busy');button.textContent=label})
}
for(const button of document.querySelectorAll('button[data-seconds]')){
const label=button.textContent,end=performance.now()+button.dataset.seconds*1000
const left=()=>Math.ceil((end-performance.now())/1000)
const timer=setInterval(tick,1000)
function tick(){
const on=left()>0
button.ariaDisabled=on
if(button.ariaBusy!=='true')button.textContent=on?button.dataset.later.replace('{time}',new Intl.NumberFormat(lang,{numberingSystem:'latn',style:'unit',unit:'second',unitDisplay:'long'}).format(left())):label
if(!on)clearInterval(timer)
}
button.addEventListener('click',e=>{if(left()>0)e.preventDefault()})
tick()
}
document.querySelector('.code[aria-invalid]')?.select()
const opened=document.querySelector('a[data-status]')
if(opened){
let asking=false
const ask=async()=>{
if(asking||document.hidden)return
asking=true
try{
const answer=await window.fetch(opened.dataset.status,{cache:'no-store'}),state=answer.ok?await answer.json():{}
if(state.go_on)location.replace(state.go_on)
}catch{}
asking=false
}
for(const s of [3,5,8,13,21])setTimeout(ask,s*1000)
setTimeout(()=>opened.classList.add('button','second'),21000)
document.addEventListener('visibilitychange',ask)
}
const auto=document.querySelector('[data-auto] form')
if(auto&&performance.getEntriesByType('navigation')[0]?.type!=='back_forward'){
const go=()=>{if(history.state!=='sent'){history.replaceState('sent','');auto.requestSubmit()}}
if(document.prerendering)document.addEventListener('prerenderingchange',go,{once:true})
else go()
}
})()`
