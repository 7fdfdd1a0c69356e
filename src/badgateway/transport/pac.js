// The functions that a proxy script may call. Names and addresses that it asks for are answered out
// of `known`; what is not known yet is noted in `asked`, and the script runs again once it is.
var asked = [];

function dnsResolve(host) {
  host = String(host).toLowerCase();
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(host)) return host;
  if (Object.prototype.hasOwnProperty.call(known, host)) return known[host];
  if (asked.indexOf(host) < 0) asked.push(host);
  return null;
}
function isResolvable(host) { return dnsResolve(host) !== null; }
function myIpAddress() { return mine; }
function isPlainHostName(host) { return host.indexOf(".") < 0 && host.indexOf(":") < 0; }
function dnsDomainLevels(host) { return host.split(".").length - 1; }
function dnsDomainIs(host, domain) {
  host = host.toLowerCase(); domain = domain.toLowerCase();
  return host.length >= domain.length && host.substring(host.length - domain.length) === domain;
}
function localHostOrDomainIs(host, full) { return host === full || full.lastIndexOf(host + ".", 0) === 0; }
function convert_addr(address) {
  var part = String(address).split(".");
  return ((part[0] & 255) << 24) | ((part[1] & 255) << 16) | ((part[2] & 255) << 8) | (part[3] & 255);
}
function isInNet(host, pattern, mask) {
  var address = dnsResolve(host);
  if (address === null) return false;
  return (convert_addr(address) & convert_addr(mask)) === (convert_addr(pattern) & convert_addr(mask));
}
function shExpMatch(text, pattern) {
  // Two pointers instead of an expression: a pattern of many stars costs no more than one of few.
  text = String(text); pattern = String(pattern);
  var t = 0, p = 0, star = -1, mark = 0;
  while (t < text.length) {
    if (p < pattern.length && (pattern[p] === "?" || pattern[p] === text[t]) && pattern[p] !== "*") { t++; p++; }
    else if (p < pattern.length && pattern[p] === "*") { star = p++; mark = t; }
    else if (star >= 0) { p = star + 1; t = ++mark; }
    else return false;
  }
  while (p < pattern.length && pattern[p] === "*") p++;
  return p === pattern.length;
}
function _now(list) { return list[list.length - 1] === "GMT" ? [list.slice(0, -1), true] : [list, false]; }
function _within(value, from, to) { return from <= to ? from <= value && value <= to : value >= from || value <= to; }
function weekdayRange() {
  var days = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];
  var given = _now([].slice.call(arguments)), date = new Date();
  var day = given[1] ? date.getUTCDay() : date.getDay(), list = given[0];
  return _within(day, days.indexOf(list[0]), days.indexOf(list.length > 1 ? list[1] : list[0]));
}
function timeRange() {
  var given = _now([].slice.call(arguments)), date = new Date(), list = given[0];
  var h = given[1] ? date.getUTCHours() : date.getHours();
  var m = given[1] ? date.getUTCMinutes() : date.getMinutes();
  var s = given[1] ? date.getUTCSeconds() : date.getSeconds();
  if (list.length === 1) return h === list[0];
  if (list.length === 2) return list[0] <= list[1] ? list[0] <= h && h < list[1] : h >= list[0] || h < list[1];
  if (list.length === 4) return _within(h * 60 + m, list[0] * 60 + list[1], list[2] * 60 + list[3]);
  return _within(h * 3600 + m * 60 + s, list[0] * 3600 + list[1] * 60 + list[2],
                 list[3] * 3600 + list[4] * 60 + list[5]);
}
function dateRange() {
  var months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
  var given = _now([].slice.call(arguments)), date = new Date(), list = given[0], utc = given[1];
  var year = utc ? date.getUTCFullYear() : date.getFullYear();
  var month = utc ? date.getUTCMonth() : date.getMonth(), day = utc ? date.getUTCDate() : date.getDate();
  var half = list.length > 1 ? list.length / 2 : 1, kinds = list.slice(0, half);
  function number(values) {
    var sum = 0;
    for (var i = 0; i < values.length; i++) {
      var value = values[i];
      if (typeof value === "string") sum += months.indexOf(value) * 100;
      else sum += value > 31 ? value * 10000 : value;
    }
    return sum;
  }
  var today = number(kinds.map(function (kind) {
    return typeof kind === "string" ? months[month] : kind > 31 ? year : day;
  }));
  return _within(today, number(kinds), number(list.length > 1 ? list.slice(half) : kinds));
}
function alert() {}
