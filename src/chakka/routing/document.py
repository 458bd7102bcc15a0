"""Traces in sentences, rendered when somebody reads them (service.md §9.1)."""

from collections.abc import Iterable, Mapping
from typing import Literal

from chakka.routing.decision import TraceStep

Language = Literal["ja", "en"]

# Step code → sentence; {0}, {1}, … are the step's arguments.
JAPANESE = {
    "not_in_service": "この番号は使われていません。",
    "emergency": "緊急切替により、準備されたプラン「{0}」で処理します。",
    "suspended": "契約は休止中です。",
    "media": "相手の端末がG.711音声を提示していないため、接続できません。",
    "class_refused": "発信者の種別「{0}」は、このサービスでは受け付けません。",
    "area": "発信地域は料金区域「{0}」で、着信グループ「{1}」に属します。",
    "area_outside": "料金区域「{0}」は、どの着信グループの発信地域にも指定されていません。",
    "prefecture": "携帯電話の発信地域は{0}で、着信グループ「{1}」に属します。",
    "prefecture_outside": "{0}は、どの着信グループの発信地域にも指定されていません。",
    "mobile_refused": "{0}を含む着信グループは、携帯電話からの着信を受け付けません。",
    "treated_as": "発信地域が不明です({0})。着信グループ「{1}」の発信者として扱います。",
    "place_unknown": "発信地域が不明です({0})。契約により受け付けません。",
    "blocked": "発信者の番号は、契約者の着信拒否リストにあります。",
    "withheld": "番号非通知の発信者は、契約により受け付けません。",
    "money_guard": "契約者が定めた料金の上限に達しています。",
    "limit": "契約の制限「{0}」({1})に達しています。",
    "weights": "スケジュール「{0}」のパターン「{1}」による振分比率を使います。",
    "closed": "{0}は時間外です(スケジュール「{1}」、{2}の規則、パターン「{3}」)。",
    "changed": "{0}の受付先は{1}に変更されています(スケジュール「{2}」)。",
    "drawn": "着信振分により{0}が選ばれました(通番{1})。",
    "busy": "{0}は話中です。",
    "off_hours": "受け付ける番号がすべて時間外のため、時間外案内を流します。",
    "direct": "{0}は契約者の回線の番号です。着信課金サービスの対象外として、そのまま接続します。",
    "outgoing": "{0}からの発信を、トランク「{1}」に接続します。",
    "presented": "相手には{0}を通知します。",
    "withheld_by_line": "発信者の求めにより、番号を通知しません。",
    "no_trunk": "発信用のトランクが設定されていません。",
    "notification_on": "{0}からの発信に、{1}を通知するようにしました。",
    "notification_off": "{0}からの発信に、{1}を通知しないようにしました。",
    "notification_refused": "{0}は、どの契約の特定番号通知の対象にもなっていません。",
}
ENGLISH = {
    "not_in_service": "The number is not in service.",
    "emergency": "The emergency switch is on: the prepared plan {0} answers.",
    "suspended": "The contract is suspended.",
    "media": "The caller's equipment offers no G.711 voice, so it cannot be connected.",
    "class_refused": "Callers of class {0} are not accepted by this service.",
    "area": "The caller is in charge area {0}, which belongs to receiving group {1}.",
    "area_outside": "Charge area {0} belongs to the origin areas of no receiving group.",
    "prefecture": "The mobile caller is in {0}, which belongs to receiving group {1}.",
    "prefecture_outside": "{0} belongs to the origin areas of no receiving group.",
    "mobile_refused": "The receiving groups in {0} do not accept mobile callers.",
    "treated_as": "The caller's place is unknown ({0}); the call is treated as one of receiving group {1}.",
    "place_unknown": "The caller's place is unknown ({0}); the contract refuses such calls.",
    "blocked": "The calling number is on the subscriber's block list.",
    "withheld": "The contract refuses callers who withhold their number.",
    "money_guard": "A cap in yen that the subscriber has set is reached.",
    "limit": "The contract's limit {0} of {1} is reached.",
    "weights": "The weights of schedule {0}, pattern {1}, hold.",
    "closed": "{0} is off-hours (schedule {1}, by {2}, pattern {3}).",
    "changed": "{0} is changed to {1} (schedule {2}).",
    "drawn": "The ratio draws {0} (running number {1}).",
    "busy": "{0} is busy.",
    "off_hours": "Every number that could answer is off-hours: the announcement plays.",
    "direct": "{0} is a line number: the call is outside the freephone service and simply connected.",
    "outgoing": "Line number {0} calls out by trunk {1}.",
    "presented": "The called party sees {0}.",
    "withheld_by_line": "The line withholds its number.",
    "no_trunk": "No outbound trunk is configured.",
    "notification_on": "From now on {0} presents {1} when it calls out.",
    "notification_off": "From now on {0} does not present {1} any more.",
    "notification_refused": "{0} stands in no contract's list of number notification.",
}

# Words inside the arguments that Japanese readers see in Japanese.
WORDS = {
    "fixed": "固定電話",
    "mobile": "携帯電話",
    "weekday": "曜日",
    "holiday": "祝日",
    "date": "日付",
    "calls": "同時通話数",
    "per_second": "毎秒の呼数",
    "per_caller_per_minute": "発信者ごとの毎分の呼数",
    "ip_phone": "IP電話(050)",
    "international": "国際",
    "satellite": "衛星電話",
    "ship": "船舶電話",
    "aircraft": "航空機電話",
    "m2m": "M2M",
    "pager": "無線呼出し",
    "toll_free": "着信課金番号",
    "uan": "統一番号",
    "premium": "情報料代理徴収",
    "mass_call": "大量呼受付",
    "other_0ab0": "その他の0AB0番号",
    "special_access": "特別な接続番号",
    "service_code": "特番",
    "carrier_select": "事業者識別番号",
}
# Arguments that are words of ours; all others (names, numbers) are said as they are.
WORD_PLACES = {("class_refused", 0), ("treated_as", 0), ("place_unknown", 0), ("closed", 2), ("limit", 0)}


def sentences(trace: Iterable[TraceStep], language: Language = "ja") -> list[str]:
    """Return one sentence for each step of a trace.

    Result: a step that this version does not know is shown as it is: old records stay readable.
    """
    templates = JAPANESE if language == "ja" else ENGLISH
    words = WORDS if language == "ja" else {}
    return [_sentence(step, templates, words) for step in trace]


def _sentence(step: TraceStep, templates: Mapping[str, str], words: Mapping[str, str]) -> str:
    code, *arguments = step
    template = templates.get(code)
    if template is None or template.count("{") > len(arguments):
        return " ".join(step)
    said = (
        words.get(argument, argument) if (code, place) in WORD_PLACES else argument
        for place, argument in enumerate(arguments)
    )
    return template.format(*said)
