"""What the commands about backups, restores and persons' rights say, in Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEEPING: Final[Mapping[str, str]] = {
    "backup": "备份",
    "going back": "恢复",
    "reading": "读取",
    "reading back": "回读",
    "{files} files in {path}, {entries} audit entries; the keyring is not in it: keep that apart": (
        "已在 {path} 写入 {files} 个文件，审计记录 {entries} 条；不含密钥环，请另行保管"
    ),
    "restored: {anew} writes are planned anew, {doubt} are looked up before they are sent, {held} stay held": (
        "已恢复：{anew} 项写入将重新计划，{doubt} 项先查询再发送，{held} 项仍被拦截"
    ),
    "erased again: {count} people": "重新删除：{count} 人",
    "what was replaced is in {path}": "被替换的数据库在 {path}",
    "nothing is sent to {systems}; next: baton restore read-back": (
        "暂不向 {systems} 发送任何内容；下一步：baton restore read-back"
    ),
    "{system}: look at {what}": "{system}：请核对 {what}",
    "nothing waits to be read back": "没有待回读的系统",
    "open again: {systems}": "已重新开放：{systems}",
    "to be read back: {systems}": "待回读：{systems}",
    "waiting for a second person: {systems}": "等待第二人批准：{systems}",
    "not in use, to be read back once they are: {systems}": "未启用，启用后须先回读：{systems}",
    "payment files that may have been sent since the backup:": "备份之后可能已送出的付款文件：",
    "declared": "说明",
    "by": "说明人",
    "two people say so; next: baton restore read-back": "两人说法一致；下一步：baton restore read-back",
    "noted; it counts once a second person says the same": "已记录；须第二人作出相同说明后方生效",
    "{count} records about {number} in {path}": "{number} 的 {count} 条记录已写入 {path}",
    "asked; a second person decides: baton person erase {number} --as WHO --confirm": (
        "已申请；由第二人决定：baton person erase {number} --as 姓名 --confirm"
    ),
    "{number} is erased: {rows} rows": "{number} 已删除：{rows} 行",
    "{system} still has an account of theirs; erase it there": "{system} 仍有此人账号，请在该系统删除",
    "{path} holds what a restore replaced, them included; delete it": (
        "{path} 存有被恢复替换的数据库，其中仍有此人；请删除"
    ),
    "the log of the database still holds what was taken out; the next sync empties it": (
        "数据库日志中仍有已删除的内容；下次同步会清空"
    ),
    "kept, as law may ask for it: {what} until {until}": "依法可能须保留：{what}，至 {until}",
    "deleted: {count}": "已删除：{count}",
    "nothing was deleted; do it with: baton retention --delete": "未删除；执行：baton retention --delete",
    "nothing has been kept too long": "没有超期保存的内容",
    "the audit log is signed with key {key} from now on; copy {path} to the auditors": (
        "审计日志此后用密钥 {key} 签名；请把 {path} 交给审计方"
    ),
}
