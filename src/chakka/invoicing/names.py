"""What invoice lines are called in Japanese (service.md §0)."""

from types import MappingProxyType

from chakka.invoicing.model import Item

ITEM_NAMES = MappingProxyType(
    {
        Item.BASIC: "基本機能",
        Item.MULTI_LINE: "複数回線管理機能",
        Item.ORIGIN_DISTRIBUTION: "発信地域振分機能",
        Item.BUSY_OVERFLOW: "話中時迂回機能",
        Item.RATIO_DISTRIBUTION: "着信振分接続機能",
        Item.DESTINATION_CHANGE: "受付先変更機能",
        Item.OFF_HOURS: "時間外案内機能",
        Item.CUSTOMER_CONTROL: "カスタマコントロール機能",
        Item.NUMBER_NOTIFICATION: "特定番号通知機能",
        Item.DIRECTORY_LISTING: "電話帳掲載",
        Item.CONSTRUCTION: "工事費",
        Item.LOCK_RELEASE: "カスタマコントロール ロック解除工事費",
    }
)
CALLS = "着信通話料"
LATE_CALLS = "着信通話料 調整"


def work_name(item: Item) -> str:
    """Return what the fee for work on an item is called."""
    if item in (Item.CONSTRUCTION, Item.LOCK_RELEASE):
        return ITEM_NAMES[item]
    return f"{ITEM_NAMES[item]} {ITEM_NAMES[Item.CONSTRUCTION]}"
