export const noticeHtml = `<h1 class="ink" style="margin:0 0 8px;font-size:24px;line-height:32px;font-weight:650;color:{{light.ink}}">{{heading}}</h1>
<p class="ink" style="margin:0 0 16px;color:{{light.ink}}">{{lead}}</p>
<p class="ink" style="margin:0 0 16px;color:{{light.ink}}">{{effect}}</p>
<p class="ink" style="margin:0;color:{{light.ink}}">{{notYou}}</p>`
